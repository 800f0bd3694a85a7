using Sluice.Engine.Catalog;
using Sluice.Engine.Execute;
using Sluice.Engine.Execute.Expressions;

namespace Sluice.Engine.Plan;

/// <summary>A column that a name in FROM offers.</summary>
internal sealed class NamedColumn
{
    public required string Name { get; init; }

    /// <summary>Gives the column's expression; binding notes which sources it touches.</summary>
    public Func<Expr> Bind
    {
        get => field ??= Place!.Bind;
        init;
    }

    /// <summary>Where the column is, in the place of <see cref="Bind"/>: of most columns of a table nobody asks.</summary>
    public ColumnPlace? Place { private get; init; }

    /// <summary>The table column that it is, for descriptions.</summary>
    public string? DeclaredType { get; init; }

    public string? Table { get; init; }

    public string? Origin { get; init; }

    /// <summary>A column of a table itself, not of a view or subquery that shows it.</summary>
    public bool IsTableColumn { get; init; }

    /// <summary>An argument of a table-valued function: * passes over it.</summary>
    public bool IsHidden { get; init; }

    /// <summary>Merged with the column of the same name to the left by USING or NATURAL: * passes over it.</summary>
    public bool IsMerged { get; set; }

    /// <summary>For the left column of a merge under a RIGHT or FULL JOIN: the value is that of the first side that has one.</summary>
    public Func<Expr>? Coalesced { get; set; }

    /// <summary>The type of what <see cref="Expression"/> gives: a merged value is no table's column.</summary>
    public string? ExpressionType => Coalesced is null ? DeclaredType : null;

    public Expr Expression() => Coalesced is null ? Bind() : Coalesced();
}

/// <summary>A column of a table that a join reads.</summary>
internal sealed class ColumnPlace(FromSources from, FromSource source, int ordinal, Table table)
{
    private Expr? _expression;

    public Expr Bind()
    {
        from.Touched |= source.Mask;
        source.UsedColumns.Add(ordinal);
        return _expression ??= ordinal == table.RowidAlias
            ? new RowidExpr(source.Source)
            : new ColumnExpr(source.Source, ordinal, table.Columns[ordinal].Affinity, table.Columns[ordinal].Collation);
    }
}

/// <summary>A name in FROM: a table, view, subquery or common table under its alias.</summary>
internal sealed class NamedSource
{
    private static int _handles;

    /// <summary>So few columns are looked through faster than they are put into a dictionary.</summary>
    private const int FewColumns = 12;

    private Dictionary<string, NamedColumn>? _byName;

    public NamedSource(string? name, NamedColumn[] columns, Func<Expr>? rowid)
    {
        Name = name;
        Columns = columns;
        Rowid = rowid;
    }

    /// <summary>Null for a subquery without an alias.</summary>
    public string? Name { get; }

    public NamedColumn[] Columns { get; }

    /// <summary>Null where there is no rowid.</summary>
    public Func<Expr>? Rowid { get; }

    /// <summary>Only understood with its name before the column: excluded.*, and a trigger's NEW and OLD.</summary>
    public bool IsQualifiedOnly { get; init; }

    /// <summary>For a table: what its database is called, so that main.t.x names it.</summary>
    public string? Database { get; init; }

    /// <summary>The INTEGER PRIMARY KEY column, which is what rowid is then called.</summary>
    public NamedColumn? RowidColumn { get; init; }

    /// <summary>A name that no user can write, by which a join's own conditions refer to it.</summary>
    public string Handle => field ??= $"\0{Interlocked.Increment(ref _handles)}";

    /// <summary>Whether a column with these qualifiers may be one of its columns.</summary>
    public bool Answers(string? schema, string? table)
    {
        if (schema is not null && !schema.Equals(Database, StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        return table is null ? !IsQualifiedOnly : table.Equals(Name, StringComparison.OrdinalIgnoreCase) || (table.StartsWith('\0') && table == Handle);
    }

    public NamedColumn? Find(string column)
    {
        if (Columns.Length > FewColumns)
        {
            return ByName.GetValueOrDefault(column);
        }

        foreach (NamedColumn named in Columns)
        {
            if (named.Name.Equals(column, StringComparison.OrdinalIgnoreCase))
            {
                return named;
            }
        }

        return null;
    }

    private Dictionary<string, NamedColumn> ByName
    {
        get
        {
            if (_byName is null)
            {
                _byName = new(StringComparer.OrdinalIgnoreCase);
                foreach (NamedColumn named in Columns)
                {
                    _ = _byName.TryAdd(named.Name, named);
                }
            }

            return _byName;
        }
    }
}
