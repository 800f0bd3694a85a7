using Sluice.Engine.Format;

namespace Sluice.Engine.Execute;

/// <summary>Column affinities ("Datatypes In SQLite", section 3).</summary>
public enum Affinity : byte
{
    /// <summary>An expression that is no column has none; it behaves as BLOB but yields to the other side of a comparison.</summary>
    None,
    Blob,
    Text,
    Numeric,
    Integer,
    Real,
}

/// <summary>What kinds of value an expression may give, as far as its form tells.</summary>
[Flags]
public enum ValueKinds : byte
{
    None = 0,
    Numeric = 1,
    Text = 2,
    Blob = 4,
    Any = Numeric | Text | Blob,
}

/// <summary>
/// A bound expression, ready to evaluate: names are resolved, functions looked up, comparisons know affinity and collation.
/// Immutable, shared by all executions of a statement; what changes is in the <see cref="Frame"/>.
/// </summary>
public abstract class Expr
{
    public abstract SqlValue Evaluate(Frame frame);

    /// <summary>Its truth as a condition.</summary>
    public virtual Expressions.Truth Test(Frame frame) => Expressions.Logic.Of(Evaluate(frame));

    /// <summary>The expression's affinity ("Datatypes In SQLite", section 3.2): a column's, a CAST's, else none.</summary>
    public virtual Affinity Affinity => Affinity.None;

    /// <summary>The collation it brings to a comparison, or null ("Datatypes In SQLite", section 7.1).</summary>
    public virtual Collation? Collation => null;

    /// <summary>Whether <see cref="Collation"/> comes from COLLATE and so outranks a column's.</summary>
    public virtual bool HasExplicitCollation => false;

    /// <summary>What it may give beside NULL; a column's affinity tells what it holds. Decides the affinity of a compound SELECT's columns.</summary>
    public virtual ValueKinds Kinds => Affinity switch
    {
        Affinity.Text => ValueKinds.Text | ValueKinds.Blob,
        >= Affinity.Numeric => ValueKinds.Numeric | ValueKinds.Blob,
        _ => ValueKinds.Any,
    };

    /// <summary>The same value whatever the row: no column, no subquery over one, no random().</summary>
    public virtual bool IsConstant => false;
}

/// <summary>The current row of one table, subquery or sorted run in a statement.</summary>
public abstract class RowSource
{
    /// <summary>Set while an outer join gives NULLs for this source.</summary>
    public bool IsNullRow { get; set; }

    /// <summary>The current row's column; not asked while <see cref="IsNullRow"/>.</summary>
    public abstract SqlValue Column(int index);

    /// <summary>The current row's rowid; 0 where the source has none.</summary>
    public virtual long Rowid => 0;
}

/// <summary>
/// The state of one execution of a statement. Every table reference of the statement, those of its subqueries too,
/// has a number of its own in <see cref="Sources"/>, so a correlated subquery just reads the outer row.
/// </summary>
public class Frame(IStatementContext context, int sourceCount, int slotCount, SqlValue[] parameters)
{
    // Nearly always it is the session: a call that can be inlined, as it is made for each row.
    private readonly Session? _session = context as Session;

    public RowSource[] Sources { get; } = new RowSource[sourceCount];

    /// <summary>Computed values by slot: aggregates, subquery results, constants computed once.</summary>
    public SqlValue[] Slots { get; } = new SqlValue[slotCount];

    /// <summary>Bound parameters; entry i is parameter i + 1, NULL where not bound.</summary>
    public SqlValue[] Parameters { get; } = parameters;

    public IStatementContext Context { get; } = context;

    /// <summary>Throws <see cref="SluiceException"/> (Interrupt) when the statement was cancelled; called between rows.</summary>
    public void CheckCancelled()
    {
        if (_session is { } session)
        {
            session.CheckCancelled();
        }
        else
        {
            Context.CheckCancelled();
        }
    }
}

/// <summary>What an executing statement asks of its session.</summary>
public interface IStatementContext
{
    long LastInsertRowid { get; }

    /// <summary>Rows changed by the last finished INSERT, UPDATE or DELETE: changes().</summary>
    long Changes { get; }

    long TotalChanges { get; }

    /// <summary>The time that 'now' means, one for the whole statement, UTC.</summary>
    DateTime UtcNow { get; }

    /// <summary>The time zone that 'localtime' and 'utc' mean.</summary>
    TimeZoneInfo LocalZone => TimeZoneInfo.Local;

    /// <summary>A source of randomness for random() and randomblob().</summary>
    Random Random { get; }

    /// <summary>PRAGMA case_sensitive_like: whether LIKE tells the letters of ASCII apart.</summary>
    bool CaseSensitiveLike => false;

    void CheckCancelled();
}
