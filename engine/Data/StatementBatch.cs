using System.Text;

namespace Sluice.Engine.Data;

/// <summary>
/// The statements of one command text. Each is prepared when its turn comes, because one may need what the one
/// before it creates; they are kept for the next run of the command.
/// </summary>
internal sealed class StatementBatch(Session session, string sql) : IDisposable
{
    private readonly List<Statement> _prepared = [];
    private readonly byte[] _sql = Encoding.UTF8.GetBytes(sql);
    private int _offset;

    /// <summary>The session that the statements belong to.</summary>
    internal Session Session { get; } = session;

    /// <summary>The statement at <paramref name="index"/>, or null when there are fewer.</summary>
    internal Statement? At(int index)
    {
        while (index >= _prepared.Count && _offset < _sql.Length)
        {
            Statement? statement = Session.Prepare(_sql, _offset, out int next);
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
        foreach (Statement statement in _prepared)
        {
            statement.Dispose();
        }

        _prepared.Clear();
        _offset = _sql.Length;
    }
}
