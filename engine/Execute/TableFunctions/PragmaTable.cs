using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Execute.Operators;
using Sluice.Engine.Execute.Pragmas;
using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.TableFunctions;

/// <summary>pragma_table_info('t') and the like: what a PRAGMA without side effects answers, as a table ("PRAGMA functions").</summary>
internal sealed class PragmaTable(string pragma, string[] columns) : TableFunction("pragma_" + pragma, ColumnsOf(columns, ["arg", "schema"]))
{
    public static IEnumerable<TableFunction> All() =>
        PragmaStatements.WithoutSideEffects().Select(pragma => new PragmaTable(pragma.Name, pragma.Columns));

    public override IEnumerable<SqlValue[]> Rows(SqlValue[] arguments, Run run) =>
        PragmaStatements.Rows(pragma, run.Session, run.Transaction, arguments.Length > 0 ? arguments[0] : SqlValue.Null, arguments.Length > 1 && !arguments[1].IsNull ? SqlConvert.ToText(arguments[1]).DecodeText() : null);
}
