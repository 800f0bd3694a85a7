using Sluice.Engine.Catalog;
using Sluice.Engine.Execute.Operators;
using Sluice.Engine.Execute;
using Sluice.Engine.Format;
using Sluice.Engine.Transactions;

namespace Sluice.Engine.Plan;

/// <summary>What a statement's result column is called and where it comes from.</summary>
/// <param name="Name">The alias, else the column's name, else the expression's text.</param>
/// <param name="DeclaredType">The declared type of the table column it is; null for an expression.</param>
/// <param name="Table">The table whose column it is; null for an expression.</param>
/// <param name="OriginColumn">That table column's name; null for an expression.</param>
public sealed record ResultColumnDescription(string Name, string? DeclaredType, string? Table, string? OriginColumn);

/// <summary>
/// A statement compiled against one <see cref="Catalog.Schema"/>. Immutable: it may be started many times, also by several
/// executions at once, each in a transaction that sees that schema.
/// </summary>
public abstract class CompiledStatement
{
    /// <summary>Empty when the statement returns no rows.</summary>
    public abstract IReadOnlyList<ResultColumnDescription> Columns { get; }

    /// <summary>Whether it writes nothing.</summary>
    public abstract bool IsReadOnly { get; }

    /// <summary>
    /// Begins one execution; nothing is read or written before the first <see cref="Execution.Next"/>.
    /// <paramref name="parameters"/> must have an entry for each parameter of the statement and must not change until the execution is disposed.
    /// </summary>
    public Execution Start(Transaction transaction, IStatementContext context, SqlValue[] parameters) =>
        Start(new Run(Size, transaction, context, parameters));

    /// <summary>The tables that it writes, by triggers too.</summary>
    internal virtual Table[] Written => [];

    /// <summary>Those of them that it writes straight on the pages, so that the transaction of their database must be exclusive: tables WITHOUT ROWID.</summary>
    internal virtual Table[] WrittenOnPages => [];

    /// <summary>What a frame for an execution needs.</summary>
    internal abstract FrameSize Size { get; }

    /// <summary>Begins an execution in a frame that the caller has made, in a trigger with NEW and OLD in it.</summary>
    internal abstract Execution Start(Run run);
}

/// <summary>
/// One run of a statement. A statement that writes does all its writes in the first call of <see cref="Next"/>, and one that fails has
/// taken its writes back when the exception arrives (but for the conflict action FAIL, which keeps what came before). Used by one thread at a time.
/// </summary>
public abstract class Execution : IDisposable
{
    /// <summary>Moves to the next result row; false when there is none.</summary>
    public abstract bool Next();

    /// <summary>A column of the current row. The value stays valid after the next move.</summary>
    public abstract SqlValue Column(int index);

    /// <summary>Rows inserted, updated or deleted, as changes() counts them; 0 for a SELECT.</summary>
    public virtual long Changes => 0;

    /// <summary>Rows changed by triggers and foreign key actions, which only total_changes() counts.</summary>
    public virtual long NestedChanges => 0;

    /// <summary>The rowid of the last row inserted; null when none was.</summary>
    public virtual long? LastInsertRowid => null;

    /// <summary>
    /// After an exception: the conflict action ROLLBACK asks the session to roll back the whole transaction.
    /// </summary>
    public virtual bool MustRollBack => false;

    public abstract void Dispose();
}
