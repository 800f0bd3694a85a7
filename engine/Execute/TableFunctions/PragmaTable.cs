using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Execute.Operators;
using Sluice.Engine.Execute.Pragmas;
using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.TableFunctions;

/// <summary>pragma_table_info('t') and the like: what a PRAGMA without side effects answers, as a table ("PRAGMA functions").</summary>
internal sealed class PragmaTable(string pragma, string[] columns, string[] hidden) : TableFunction("pragma_" + pragma, ColumnsOf(columns, hidden))
{
    public static IEnumerable<TableFunction> All() => PragmaStatements.Tables().Select(pragma => new PragmaTable(pragma.Name, pragma.Columns, pragma.Hidden));

    public override IEnumerable<SqlValue[]> Rows(SqlValue[] arguments, Run run) =>
        PragmaStatements.Rows(pragma, run.Session, run.Transaction, Argument("arg", arguments), Argument("schema", arguments));

    private string? Argument(string name, SqlValue[] arguments) =>
        Array.IndexOf(hidden, name) is >= 0 and var index && index < arguments.Length && !arguments[index].IsNull ? SqlConvert.ToText(arguments[index]).DecodeText() : null;
}
