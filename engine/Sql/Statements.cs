namespace Sluice.Engine.Sql;

/// <summary>A statement as written ("SQL As Understood By SQLite", sqlite.org/lang.html).</summary>
public abstract record StatementNode
{
    /// <summary>EXPLAIN or EXPLAIN QUERY PLAN before the statement.</summary>
    public ExplainKind Explain { get; init; }

    /// <summary>The statement's own text, without the semicolon.</summary>
    public string Text { get; init; } = "";

    /// <summary>Whether it names the schema temp, or makes something temporary.</summary>
    public bool NamesTemp { get; init; }

    /// <summary>The schemas that are written before names of tables in it.</summary>
    public IReadOnlyList<string> NamedSchemas { get; init; } = [];

    /// <summary>Parameters: entry i is the name of parameter i + 1 with its prefix (?5 is a name too), or null for a bare question mark.</summary>
    public IReadOnlyList<string?> Parameters { get; init; } = [];
}

public enum ExplainKind
{
    None,
    Program,
    QueryPlan,
}

public enum ConflictAction
{
    /// <summary>Not written.</summary>
    Default,
    Rollback,
    Abort,
    Fail,
    Ignore,
    Replace,
}

public sealed record QualifiedName(string? Schema, string Name);

// ---- SELECT ----

/// <summary>A whole SELECT: WITH, one or more cores joined by compound operators, ORDER BY, LIMIT.</summary>
public sealed record SelectStatement : StatementNode
{
    public WithClause? With { get; init; }

    public required SelectCore First { get; init; }

    public IReadOnlyList<(CompoundOperator Operator, SelectCore Core)> Compounds { get; init; } = [];

    public IReadOnlyList<OrderTerm> OrderBy { get; init; } = [];

    public ExpressionNode? Limit { get; init; }

    public ExpressionNode? Offset { get; init; }
}

public enum CompoundOperator
{
    Union,
    UnionAll,
    Intersect,
    Except,
}

/// <summary>One SELECT core, or VALUES when <see cref="Values"/> is not null.</summary>
public sealed record SelectCore
{
    public bool Distinct { get; init; }

    public IReadOnlyList<ResultColumn> Columns { get; init; } = [];

    /// <summary>Null without FROM.</summary>
    public TableExpression? From { get; init; }

    public ExpressionNode? Where { get; init; }

    public IReadOnlyList<ExpressionNode> GroupBy { get; init; } = [];

    public ExpressionNode? Having { get; init; }

    public IReadOnlyList<(string Name, WindowSpecification Window)> Windows { get; init; } = [];

    public IReadOnlyList<IReadOnlyList<ExpressionNode>>? Values { get; init; }
}

public sealed record WithClause(bool Recursive, IReadOnlyList<CommonTable> Tables);

public sealed record CommonTable(string Name, IReadOnlyList<string>? Columns, SelectStatement Select, bool? Materialized);

/// <summary>expr [AS alias], * (both null) or table.* (<see cref="StarTable"/>).</summary>
public sealed record ResultColumn(ExpressionNode? Expression, string? Alias, string? StarTable)
{
    /// <summary>The expression's text as written: the column's name where there is no alias.</summary>
    public string Text { get; init; } = "";
}

public abstract record TableExpression;

/// <summary>A table, view, common table or table-valued function (when <see cref="Arguments"/> is not null).</summary>
public sealed record TableReference(QualifiedName Name, string? Alias) : TableExpression
{
    public IReadOnlyList<ExpressionNode>? Arguments { get; init; }

    public string? IndexedBy { get; init; }

    public bool NotIndexed { get; init; }
}

public sealed record SubqueryTable(SelectStatement Select, string? Alias) : TableExpression;

[Flags]
public enum JoinKind
{
    Inner = 0,
    Left = 1,
    Right = 2,
    Full = Left | Right,
    Cross = 4,
    Natural = 8,
}

/// <summary>left JOIN right; a comma is an inner join. Left-deep as written; parentheses nest on either side.</summary>
public sealed record JoinTable(TableExpression Left, JoinKind Kind, TableExpression Right) : TableExpression
{
    public ExpressionNode? On { get; init; }

    public IReadOnlyList<string>? Using { get; init; }
}

// ---- INSERT, UPDATE, DELETE ----

public sealed record InsertStatement : StatementNode
{
    public WithClause? With { get; init; }

    public ConflictAction OnConflict { get; init; }

    public required QualifiedName Table { get; init; }

    public string? Alias { get; init; }

    public IReadOnlyList<string>? Columns { get; init; }

    /// <summary>Null for DEFAULT VALUES.</summary>
    public SelectStatement? Source { get; init; }

    public IReadOnlyList<UpsertClause> Upserts { get; init; } = [];

    public IReadOnlyList<ResultColumn>? Returning { get; init; }
}

/// <summary>ON CONFLICT [(target) [WHERE]] DO NOTHING, or DO UPDATE when <see cref="Set"/> is not null.</summary>
public sealed record UpsertClause
{
    public IReadOnlyList<IndexedColumn>? Target { get; init; }

    public ExpressionNode? TargetWhere { get; init; }

    public IReadOnlyList<SetClause>? Set { get; init; }

    public ExpressionNode? Where { get; init; }
}

/// <summary>column = value, or (a, b) = row value.</summary>
public sealed record SetClause(IReadOnlyList<string> Columns, ExpressionNode Value);

public sealed record UpdateStatement : StatementNode
{
    public WithClause? With { get; init; }

    public ConflictAction OnConflict { get; init; }

    public required TableReference Table { get; init; }

    public required IReadOnlyList<SetClause> Set { get; init; }

    public TableExpression? From { get; init; }

    public ExpressionNode? Where { get; init; }

    public IReadOnlyList<ResultColumn>? Returning { get; init; }

    public IReadOnlyList<OrderTerm> OrderBy { get; init; } = [];

    public ExpressionNode? Limit { get; init; }

    public ExpressionNode? Offset { get; init; }
}

public sealed record DeleteStatement : StatementNode
{
    public WithClause? With { get; init; }

    public required TableReference Table { get; init; }

    public ExpressionNode? Where { get; init; }

    public IReadOnlyList<ResultColumn>? Returning { get; init; }

    public IReadOnlyList<OrderTerm> OrderBy { get; init; } = [];

    public ExpressionNode? Limit { get; init; }

    public ExpressionNode? Offset { get; init; }
}

// ---- DDL ----

public sealed record CreateTableStatement : StatementNode
{
    public bool Temporary { get; init; }

    public bool IfNotExists { get; init; }

    public required QualifiedName Name { get; init; }

    public IReadOnlyList<ColumnDefinition> Columns { get; init; } = [];

    public IReadOnlyList<TableConstraint> Constraints { get; init; } = [];

    public bool WithoutRowid { get; init; }

    public bool Strict { get; init; }

    /// <summary>CREATE TABLE AS; the columns are then empty.</summary>
    public SelectStatement? AsSelect { get; init; }

    /// <summary>From the unqualified name to the end, as sqlite_schema keeps it.</summary>
    public string DefinitionText { get; init; } = "";
}

/// <summary>A column. <see cref="TypeName"/> is as written, but SQLite's standard types (ANY, BLOB, INT, INTEGER, REAL, TEXT) are in capitals.</summary>
public sealed record ColumnDefinition(string Name, string? TypeName, IReadOnlyList<ColumnConstraint> Constraints)
{
    /// <summary>The definition's text as written, for ALTER TABLE.</summary>
    public string Text { get; init; } = "";
}

public abstract record ColumnConstraint
{
    public string? ConstraintName { get; init; }
}

public sealed record PrimaryKeyColumn(bool Descending, ConflictAction OnConflict, bool Autoincrement) : ColumnConstraint;

public sealed record NotNullColumn(ConflictAction OnConflict) : ColumnConstraint;

public sealed record UniqueColumn(ConflictAction OnConflict) : ColumnConstraint;

public sealed record CheckColumn(ExpressionNode Expression, string Text) : ColumnConstraint;

/// <summary>DEFAULT; <see cref="Text"/> is the value as written, as PRAGMA table_info gives it.</summary>
public sealed record DefaultColumn(ExpressionNode Expression, string Text) : ColumnConstraint;

public sealed record CollateColumn(string Collation) : ColumnConstraint;

public sealed record ReferencesColumn(ForeignKeyClause Clause) : ColumnConstraint;

public sealed record GeneratedColumn(ExpressionNode Expression, string Text, bool Stored) : ColumnConstraint;

public abstract record TableConstraint
{
    public string? ConstraintName { get; init; }
}

public sealed record PrimaryKeyTable(IReadOnlyList<IndexedColumn> Columns, ConflictAction OnConflict, bool Autoincrement) : TableConstraint;

public sealed record UniqueTable(IReadOnlyList<IndexedColumn> Columns, ConflictAction OnConflict) : TableConstraint;

public sealed record CheckTable(ExpressionNode Expression, string Text) : TableConstraint;

public sealed record ForeignKeyTable(IReadOnlyList<string> Columns, ForeignKeyClause Clause) : TableConstraint;

public enum ForeignKeyAction
{
    NoAction,
    Restrict,
    SetNull,
    SetDefault,
    Cascade,
}

public sealed record ForeignKeyClause(string Table, IReadOnlyList<string>? Columns)
{
    public ForeignKeyAction OnDelete { get; init; }

    public ForeignKeyAction OnUpdate { get; init; }

    public string? Match { get; init; }

    public bool? Deferrable { get; init; }

    public bool InitiallyDeferred { get; init; }
}

/// <summary>A column or expression of an index; a plain column is a <see cref="ColumnNode"/>, its collation pulled out.</summary>
public sealed record IndexedColumn(ExpressionNode Expression, string? Collation, bool Descending);

public sealed record CreateIndexStatement : StatementNode
{
    public bool Unique { get; init; }

    public bool IfNotExists { get; init; }

    public required QualifiedName Name { get; init; }

    public required string Table { get; init; }

    public required IReadOnlyList<IndexedColumn> Columns { get; init; }

    public ExpressionNode? Where { get; init; }

    /// <summary>From the unqualified name to the end, as sqlite_schema keeps it.</summary>
    public string DefinitionText { get; init; } = "";
}

public sealed record CreateViewStatement : StatementNode
{
    public bool Temporary { get; init; }

    public bool IfNotExists { get; init; }

    public required QualifiedName Name { get; init; }

    public IReadOnlyList<string>? Columns { get; init; }

    public required SelectStatement Select { get; init; }

    /// <summary>From the unqualified name to the end, as sqlite_schema keeps it.</summary>
    public string DefinitionText { get; init; } = "";
}

public enum TriggerTiming
{
    Before,
    After,
    InsteadOf,
}

public enum TriggerEvent
{
    Insert,
    Update,
    Delete,
}

public sealed record CreateTriggerStatement : StatementNode
{
    public bool Temporary { get; init; }

    public bool IfNotExists { get; init; }

    public required QualifiedName Name { get; init; }

    public TriggerTiming Timing { get; init; }

    public TriggerEvent Event { get; init; }

    public IReadOnlyList<string>? UpdateOf { get; init; }

    public required QualifiedName Table { get; init; }

    public ExpressionNode? When { get; init; }

    public required IReadOnlyList<StatementNode> Body { get; init; }

    /// <summary>From the unqualified name to the end, as sqlite_schema keeps it.</summary>
    public string DefinitionText { get; init; } = "";
}

/// <summary>CREATE VIRTUAL TABLE name USING module(arguments).</summary>
public sealed record CreateVirtualTableStatement : StatementNode
{
    public bool IfNotExists { get; init; }

    public required QualifiedName Name { get; init; }

    public required string Module { get; init; }

    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>From the unqualified name to the end, as sqlite_schema keeps it.</summary>
    public string DefinitionText { get; init; } = "";
}

public enum SchemaObjectKind
{
    Table,
    Index,
    View,
    Trigger,
}

public sealed record DropStatement(SchemaObjectKind Kind, QualifiedName Name, bool IfExists) : StatementNode;

public abstract record AlterTableStatement : StatementNode
{
    public required QualifiedName Table { get; init; }
}

public sealed record RenameTableStatement : AlterTableStatement
{
    public required string NewName { get; init; }
}

public sealed record RenameColumnStatement : AlterTableStatement
{
    public required string Column { get; init; }

    public required string NewName { get; init; }
}

public sealed record AddColumnStatement : AlterTableStatement
{
    public required ColumnDefinition Column { get; init; }
}

public sealed record DropColumnStatement : AlterTableStatement
{
    public required string Column { get; init; }
}

// ---- transactions and the rest ----

public enum BeginKind
{
    Deferred,
    Immediate,
    Exclusive,
    Concurrent,
}

/// <summary>BEGIN; with SERIALIZABLE after its kind (ours), the transaction is at that isolation whatever the connection's is.</summary>
public sealed record BeginStatement(BeginKind Kind, bool Serializable) : StatementNode;

public sealed record CommitStatement : StatementNode;

/// <summary>ROLLBACK, or ROLLBACK TO <see cref="Savepoint"/>.</summary>
public sealed record RollbackStatement(string? Savepoint) : StatementNode;

public sealed record SavepointStatement(string Name) : StatementNode;

public sealed record ReleaseStatement(string Name) : StatementNode;

/// <summary>PRAGMA [schema.]name [= value | (value)].</summary>
public sealed record PragmaStatement(QualifiedName Name, PragmaValue? Value) : StatementNode;

/// <summary>The value of a PRAGMA: a word, or a signed number, which is kept as it was written.</summary>
public sealed record PragmaValue(string Text, bool IsNumber);

public sealed record VacuumStatement(string? Schema, ExpressionNode? Into) : StatementNode;

public sealed record AnalyzeStatement(QualifiedName? Target) : StatementNode;

public sealed record ReindexStatement(QualifiedName? Target) : StatementNode;

public sealed record AttachStatement(ExpressionNode Path, ExpressionNode Name) : StatementNode;

public sealed record DetachStatement(ExpressionNode Name) : StatementNode;
