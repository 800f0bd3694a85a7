using Sluice.Engine.Format;

namespace Sluice.Gateway.Ingress;

/// <summary>
/// Rows that are to be written in one transaction, as statements in order. Data and no code: a transaction that meets a conflict is rolled back and
/// the same statements run again.
/// <para>A statement must not fail by its values (write <c>INSERT OR REPLACE</c>), since all others of its transaction would fail with it.
/// Filled by one thread, then only read.</para>
/// </summary>
public sealed class RowChanges
{
    private readonly List<(string Sql, SqlValue[] Values)> _statements = [];

    /// <summary>What its values hold, in bytes; for the bounds of queues.</summary>
    public long SizeBytes { get; private set; }

    public bool IsEmpty => _statements.Count == 0;

    public IReadOnlyList<(string Sql, SqlValue[] Values)> Statements => _statements;

    /// <param name="sql">A constant text: it is prepared once a connection. Its parameters are <c>?1</c>, <c>?2</c> and so on.</param>
    /// <param name="values">Of the parameters, in order; bytes are not copied and must not change.</param>
    public void Add(string sql, params SqlValue[] values)
    {
        _statements.Add((sql, values));
        foreach (SqlValue value in values)
            SizeBytes += sizeof(long) + value.ByteLength;
    }

    /// <summary>Adds those of another, which does not change any more.</summary>
    public void Add(RowChanges others)
    {
        _statements.AddRange(others._statements);
        SizeBytes += others.SizeBytes;
    }
}
