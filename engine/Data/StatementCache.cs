namespace Sluice.Engine.Data;

/// <summary>
/// Prepared texts of a connection that no command has at the moment, so that a command made anew with the same text, as Dapper makes them, costs
/// no parsing and planning. A text that a command has is not here: two commands never share statements. What is used least recently goes first.
/// </summary>
internal sealed class StatementCache : IDisposable
{
    /// <summary>More than the texts of most programs; each holds its plan and nothing else.</summary>
    private const int MostTexts = 64;

    /// <summary>A longer text is not kept: it is a script, or has its values written into it and does not come again.</summary>
    private const int LongestText = 4096;

    private readonly Dictionary<string, LinkedListNode<PreparedText>> _texts = new(StringComparer.Ordinal);

    /// <summary>The one given back last is the first.</summary>
    private readonly LinkedList<PreparedText> _byUse = new();

    private bool _isClosed;

    internal PreparedText Take(ISession session, string sql)
    {
        if (!_texts.Remove(sql, out LinkedListNode<PreparedText>? node))
        {
            return new PreparedText(session, sql);
        }

        _byUse.Remove(node);
        if (ReferenceEquals(node.Value.Session, session))
        {
            return node.Value;
        }

        node.Value.Dispose();
        return new PreparedText(session, sql);
    }

    internal void GiveBack(PreparedText text)
    {
        if (text.Sql.Length > LongestText || _isClosed || _texts.ContainsKey(text.Sql))
        {
            text.Dispose();
            return;
        }

        text.Clear();
        _texts.Add(text.Sql, _byUse.AddFirst(text));
        if (_byUse.Count > MostTexts)
        {
            PreparedText oldest = _byUse.Last!.Value;
            _byUse.RemoveLast();
            _ = _texts.Remove(oldest.Sql);
            oldest.Dispose();
        }
    }

    /// <summary>Whoever has a text still disposes of it when giving it back.</summary>
    public void Dispose()
    {
        _isClosed = true;
        foreach (PreparedText text in _byUse)
        {
            text.Dispose();
        }

        _byUse.Clear();
        _texts.Clear();
    }
}
