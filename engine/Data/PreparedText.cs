using System.Text;

namespace Sluice.Engine.Data;

/// <summary>The statements of one text of SQL, each prepared when it is asked for first.</summary>
internal sealed class PreparedText(ISession session, string sql) : IDisposable
{
    private readonly List<IStatement> _prepared = new(1);
    private byte[]? _rest = Encoding.UTF8.GetBytes(sql);
    private int _offset;

    internal ISession Session => session;

    internal string Sql => sql;

    /// <summary>The statement at <paramref name="index"/>, or null when there are fewer.</summary>
    internal IStatement? At(int index)
    {
        while (index >= _prepared.Count && _rest is { } rest)
        {
            IStatement? statement = session.Prepare(rest, _offset, out int next);
            _offset = next;
            if (statement is not null)
            {
                _prepared.Add(statement);
            }

            if (next >= rest.Length)
            {
                _rest = null;
            }
        }

        return index < _prepared.Count ? _prepared[index] : null;
    }

    /// <summary>Lets go of rows and of bound values, which may be large.</summary>
    internal void Clear()
    {
        foreach (IStatement statement in _prepared)
        {
            statement.Reset();
            statement.ClearBindings();
        }
    }

    public void Dispose()
    {
        foreach (IStatement statement in _prepared)
        {
            statement.Dispose();
        }

        _prepared.Clear();
        _rest = null;
    }
}
