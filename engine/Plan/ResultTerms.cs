using Sluice.Engine.Execute;
using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Execute.Operators;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Plan;

/// <summary>One result column, stars already expanded.</summary>
internal sealed class ResultTerm
{
    public required string Name { get; init; }

    /// <summary>The expression as written, or the column that a star stands for.</summary>
    public required ExpressionNode Node { get; init; }

    public string? Alias { get; init; }

    public string? DeclaredType { get; set; }

    public string? Table { get; init; }

    public string? Origin { get; init; }

    /// <summary>The column that the expression is; null for any other.</summary>
    public NamedColumn? Column { get; init; }

    public ResultColumnDescription Description => new(Name, DeclaredType, Table, Origin);

    public Expr Bind(RowScope scope)
    {
        Expr bound = ExpressionBinder.Bind(Node, scope);
        if (bound is ScalarSubquery subquery)
        {
            DeclaredType = subquery.DeclaredType;
        }

        return bound;
    }
}

/// <summary>The result columns of a SELECT core.</summary>
internal static class ResultTerms
{
    public static IReadOnlyList<ResultTerm> Expand(IReadOnlyList<ResultColumn> columns, RowScope scope)
    {
        List<ResultTerm> terms = [];
        foreach (ResultColumn column in columns)
        {
            if (column.Expression is { } node)
            {
                terms.Add(Term(column, node, scope));
            }
            else
            {
                ExpandStar(column.StarTable, scope, terms);
            }
        }

        return terms;
    }

    public static IReadOnlyList<(string Name, ExpressionNode Expression)> Aliases(IReadOnlyList<ResultTerm> terms)
    {
        List<(string, ExpressionNode)> aliases = [];
        for (int i = 0; i < terms.Count; i++)
        {
            if (terms[i].Alias is { } alias)
            {
                aliases.Add((alias, terms[i].Node));
            }
        }

        return aliases;
    }

    private static ResultTerm Term(ResultColumn column, ExpressionNode node, RowScope scope)
    {
        NamedColumn? named = OrderTerms.Unwrapped(node) is ColumnNode name ? scope.FindColumn(name) : null;
        return new ResultTerm
        {
            Name = column.Alias ?? (node is ColumnNode ? named?.Name : null) ?? column.Text,
            Node = node,
            Alias = column.Alias,
            DeclaredType = named?.DeclaredType,
            Table = named?.Table,
            Origin = named?.Origin,
            Column = named,
        };
    }

    /// <summary>In SQLite * stands for names, and what two sources of one name have both is ambiguous unless USING merged it.</summary>
    public static void RequireOnlyOnes(NamedSource source, IEnumerable<NamedSource> all)
    {
        foreach (NamedColumn column in source.Columns.Where(column => !column.IsHidden && !column.IsMerged))
        {
            RequireOnlyOne(source, column, all);
        }
    }

    private static void RequireOnlyOne(NamedSource source, NamedColumn column, IEnumerable<NamedSource> all)
    {
        bool again = source.Name is not null && all.Any(other => other != source && source.Name.Equals(other.Name, StringComparison.OrdinalIgnoreCase)
            && source.Database == other.Database && other.Find(column.Name) is { IsMerged: false });
        if (again)
        {
            throw new SluiceException(ResultCode.Error, $"ambiguous column name: {(source.Database is { } database ? database + "." : "")}{source.Name}.{column.Name}");
        }
    }

    private static void ExpandStar(string? table, RowScope scope, List<ResultTerm> terms)
    {
        if (scope.Names.Count == 0)
        {
            throw new SluiceException(ResultCode.Error, table is null ? "no tables specified" : $"no such table: {table}");
        }

        bool found = false;
        foreach (NamedSource source in scope.Names)
        {
            if (table is not null && !table.Equals(source.Name, StringComparison.OrdinalIgnoreCase))
            {
                continue;
            }

            found = true;
            foreach (NamedColumn column in source.Columns)
            {
                if (column.IsHidden || (column.IsMerged && table is null))
                {
                    continue;
                }

                RequireOnlyOne(source, column, scope.Names);
                terms.Add(new ResultTerm
                {
                    Name = column.Name,
                    Node = new ColumnNode(null, source.Handle, column.Name, false),
                    DeclaredType = column.ExpressionType,
                    Table = column.Table,
                    Origin = column.Origin,
                });
            }
        }

        if (!found)
        {
            throw new SluiceException(ResultCode.Error, $"no such table: {table}");
        }
    }
}
