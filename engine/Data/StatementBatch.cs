using System.Text;

namespace Sluice.Engine.Data;

/// <summary>
/// The statements of one command text. Each is prepared when its turn comes, because one may need what the one
/// before it creates; they are kept for the next run of the command.
/// </summary>
internal sealed class StatementBatch(ISession session, string sql) : IDisposable
{
    private readonly List<IStatement> _prepared = [];
    private readonly byte[] _sql = Encoding.UTF8.GetBytes(sql);
    private int _offset;

    /// <summary>The session that the statements belong to.</summary>
    internal ISession Session { get; } = session;

    /// <summary>The statement at <paramref name="index"/>, or null when there are fewer.</summary>
    internal IStatement? At(int index)
    {
        while (index >= _prepared.Count && _offset < _sql.Length)
        {
            IStatement? statement = Session.Prepare(_sql, _offset, out int next);
            _offset = next;
            if (statement is not null)
            {
                _prepared.Add(statement);
            }
        }

        return index < _prepared.Count ? _prepared[index] : null;
    }

    public void Dispose()
    {
        foreach (IStatement statement in _prepared)
        {
            statement.Dispose();
        }

        _prepared.Clear();
        _offset = _sql.Length;
    }
}
