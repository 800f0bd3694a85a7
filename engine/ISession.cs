using Sluice.Engine.Format;
using Sluice.Engine.Plan;
using Sluice.Engine.Transactions;

namespace Sluice.Engine;

/// <summary>
/// The engine as one connection uses it: a <see cref="Session"/> of this process, or a <see cref="Remote.RemoteSession"/> of the process
/// that owns the file. Used by one thread at a time; only <see cref="Interrupt"/> may come from another.
/// </summary>
internal interface ISession : IDisposable
{
    /// <summary>Whether it answers from the newest commits, not from the last checkpoint.</summary>
    bool IsLive { get; }

    /// <summary>The process that owns the file, when that is another one and the session works through it; else null.</summary>
    int? OwnerProcessId { get; }

    bool InTransaction { get; }

    long LastInsertRowid { get; }

    StoreStatistics Statistics { get; }

    /// <summary>As <see cref="Session.Prepare"/>; what is wrong with names may show only when the statement is described or run.</summary>
    IStatement? Prepare(byte[] sql, int offset, out int next);

    /// <summary>Writes rows into a table within the present transaction, which must be an explicit one.</summary>
    IRowAppender CreateAppender(string table, string[] columns);

    /// <summary>As <see cref="Database.StableHorizon"/>.</summary>
    long StableHorizon(string table);

    /// <summary>Makes the running statement fail with <see cref="ResultCode.Interrupt"/>.</summary>
    void Interrupt();
}

/// <summary>A prepared statement of an <see cref="ISession"/>; the members are <see cref="Statement"/>'s.</summary>
internal interface IStatement : IDisposable
{
    /// <summary>Result columns; known once the statement was described or has run.</summary>
    IReadOnlyList<ResultColumnDescription> Columns { get; }

    bool IsReadOnly { get; }

    long Changes { get; }

    int ParameterCount { get; }

    string? ParameterName(int number);

    void Bind(int number, in SqlValue value);

    void ClearBindings();

    /// <summary>Finds out <see cref="Columns"/> and <see cref="IsReadOnly"/>, as of the schema of now, without running it.</summary>
    ValueTask DescribeAsync(bool async);

    bool Step();

    ValueTask<bool> StepAsync();

    SqlValue Column(int index);

    void Reset();
}

/// <summary>Rows into one table without SQL, in the session's explicit transaction.</summary>
internal interface IRowAppender : IDisposable
{
    /// <summary>Values that a row has.</summary>
    int ColumnCount { get; }

    /// <summary>Writes a row; its rowid. The array is the caller's again afterwards.</summary>
    /// <exception cref="InvalidOperationException">No explicit transaction is open.</exception>
    long Append(SqlValue[] row);
}
