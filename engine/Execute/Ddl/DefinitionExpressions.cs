using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Execute.Functions;
using Sluice.Engine.Plan;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Execute.Ddl;

/// <summary>Whether an expression may stand in a definition: it must give the same value for the same row for ever, and look at nothing else.</summary>
internal static class DefinitionExpressions
{
    /// <param name="expression">Of an index, a generated column or the like.</param>
    /// <param name="table">The table's name, by which columns may be qualified.</param>
    /// <param name="columns">The columns that it may name.</param>
    /// <param name="place">As SQLite names it: "index expressions", "generated columns", ...</param>
    /// <param name="mayQualify">Whether the table's name may stand before a column.</param>
    /// <exception cref="SluiceException">What may not stand there, in SQLite's words.</exception>
    public static void Check(ExpressionNode expression, string table, IReadOnlyList<ColumnDefinition> columns, string place, bool mayQualify = false)
    {
        RequireDeterministic(expression, place);
        if (!mayQualify && NodeWalk.Columns(expression).Any(column => column.Table is not null))
        {
            throw new SluiceException(ResultCode.Error, $"the \".\" operator prohibited in {place}");
        }

        _ = ExpressionBinder.Bind(expression, new DefinitionScope(columns, table, $"subqueries prohibited in {place}", null) { AllowsRowid = false });
    }

    private static void RequireDeterministic(ExpressionNode node, string place)
    {
        if (node is ParameterNode)
        {
            throw new SluiceException(ResultCode.Error, $"parameters prohibited in {place}");
        }

        if (node is CurrentNode || (node is FunctionNode { Over: null } call && IsVolatile(call)))
        {
            throw new SluiceException(ResultCode.Error, $"non-deterministic functions prohibited in {place}");
        }

        foreach (ExpressionNode child in NodeWalk.Children(node))
        {
            RequireDeterministic(child, place);
        }
    }

    /// <summary>The date functions are deterministic unless they are given 'now', which is seen when they run.</summary>
    private static bool IsVolatile(FunctionNode call) =>
        call.Name.ToLowerInvariant() is "changes" or "total_changes" or "last_insert_rowid" or "sqlite_version"
        || FunctionCatalog.FindScalar(call.Name, call.Arguments.Count) is { Stability: Stability.Volatile };
}
