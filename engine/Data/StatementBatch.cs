namespace Sluice.Engine.Data;

/// <summary>One text of SQL with the values for its parameters: a command, or one of a batch.</summary>
internal interface ICommandPart
{
    string Text { get; }

    SluiceParameterCollection Parameters { get; }

    /// <summary>Takes in what a statement of the text has changed; null for one that only reads.</summary>
    void Ran(long? changes);
}

/// <summary>
/// The statements of a command, or of all commands of a batch, one after the other. Each is prepared when its turn comes, because one may need
/// what the one before it creates; they are kept for the next run.
/// </summary>
/// <param name="cache">Where the texts come from, and go back to.</param>
/// <param name="session">The session that the statements belong to.</param>
/// <param name="parts">At least one.</param>
internal sealed class StatementBatch(StatementCache cache, ISession session, IReadOnlyList<ICommandPart> parts) : IDisposable
{
    private readonly PreparedText?[] _texts = new PreparedText?[parts.Count];
    private int _part;
    private int _next;

    internal ISession Session => session;

    /// <summary>The statement that is running, or ran last.</summary>
    internal IStatement? Current { get; private set; }

    /// <summary>Whose statement is running, or could not be prepared; not after the end.</summary>
    internal ICommandPart CurrentPart => parts[_part];

    /// <summary>That command, if it is one of a batch.</summary>
    internal SluiceBatchCommand? CurrentCommand => _part < parts.Count ? parts[_part] as SluiceBatchCommand : null;

    /// <summary>Goes back before the first statement.</summary>
    internal void Restart()
    {
        _part = 0;
        _next = 0;
        Current = null;
    }

    /// <summary>Goes to the next statement; false at the end.</summary>
    internal bool MoveNext()
    {
        while (_part < parts.Count)
        {
            PreparedText text = _texts[_part] ??= cache.Take(session, CurrentPart.Text);
            if (text.At(_next) is { } statement)
            {
                _next++;
                Current = statement;
                return true;
            }

            _part++;
            _next = 0;
        }

        Current = null;
        return false;
    }

    /// <summary>Nothing runs any more until the next <see cref="Restart"/>.</summary>
    internal void Stop()
    {
        _part = parts.Count;
        Current = null;
    }

    public void Dispose()
    {
        foreach (PreparedText? text in _texts)
        {
            if (text is not null)
            {
                cache.GiveBack(text);
            }
        }

        Array.Clear(_texts);
        Stop();
    }
}
