using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.Functions;

/// <summary>
/// The functions of "Built-In Scalar SQL Functions" (sqlite.org/lang_corefunc.html). Those that leave arguments
/// unevaluated or look at collations are not here: the binder makes expressions of their own of them.
/// </summary>
internal static class CoreFunctions
{
    private const int Any = 1000;

    public static void AddTo(FunctionTable<ScalarFunction> table)
    {
        Add(table, "time_bucket", 2, 2, Telemetry.TimeBucket.Bucket);
        Add(table, "abs", 1, 1, NumberFunctions.Abs);
        Add(table, "round", 1, 2, NumberFunctions.Round);
        Add(table, "sign", 1, 1, NumberFunctions.Sign);
        Add(table, "char", 0, Any, TextFunctions.Char);
        Add(table, "concat", 1, Any, TextFunctions.Concat);
        Add(table, "concat_ws", 2, Any, TextFunctions.ConcatWithSeparator);
        Add(table, "format", 0, Any, Printf.Format);
        Add(table, "printf", 0, Any, Printf.Format);
        Add(table, "hex", 1, 1, BlobFunctions.Hex);
        Add(table, "unhex", 1, 2, BlobFunctions.Unhex);
        Add(table, "zeroblob", 1, 1, BlobFunctions.ZeroBlob);
        Add(table, "instr", 2, 2, TextFunctions.Instr);
        Add(table, "length", 1, 1, TextFunctions.Length);
        Add(table, "octet_length", 1, 1, TextFunctions.OctetLength);
        Add(table, "lower", 1, 1, TextFunctions.Lower);
        Add(table, "upper", 1, 1, TextFunctions.Upper);
        Add(table, "ltrim", 1, 2, TrimFunctions.TrimLeft);
        Add(table, "rtrim", 1, 2, TrimFunctions.TrimRight);
        Add(table, "trim", 1, 2, TrimFunctions.Trim);
        Add(table, "quote", 1, 1, QuoteFunctions.Quote);
        Add(table, "unistr", 1, 1, QuoteFunctions.Unistr);
        Add(table, "unistr_quote", 1, 1, QuoteFunctions.UnistrQuote);
        Add(table, "replace", 3, 3, TextFunctions.Replace);
        Add(table, "substr", 2, 3, SubstringFunction.Substring);
        Add(table, "substring", 2, 3, SubstringFunction.Substring);
        Add(table, "typeof", 1, 1, TypeOf);
        Add(table, "unicode", 1, 1, TextFunctions.Unicode);
        Add(table, "subtype", 1, 1, arguments => SqlValue.FromInteger(arguments[0].Subtype));
        Add(table, "sqlite_compileoption_get", 1, 1, CompileOptions.At);
        Add(table, "sqlite_compileoption_used", 1, 1, CompileOptions.IsUsed);
        Add(table, "sqlite_version", 0, 0, _ => SqlValue.FromText("3.50.4"));
        Add(table, "sqlite_source_id", 0, 0, _ => SqlValue.FromText($"Sluice {typeof(CoreFunctions).Assembly.GetName().Version?.ToString(3)}"));
        Add(table, "changes", 0, 0, Stability.Statement, (_, context) => SqlValue.FromInteger(context.Changes));
        Add(table, "total_changes", 0, 0, Stability.Statement, (_, context) => SqlValue.FromInteger(context.TotalChanges));
        Add(table, "last_insert_rowid", 0, 0, Stability.Statement, (_, context) => SqlValue.FromInteger(context.LastInsertRowid));
        Add(table, "random", 0, 0, Stability.Volatile, (_, context) => SqlValue.FromInteger(NextInteger(context.Random)));
        Add(table, "randomblob", 1, 1, Stability.Volatile, RandomBlob);
    }

    private static SqlValue TypeOf(ReadOnlySpan<SqlValue> arguments) => SqlValue.FromText(arguments[0].Type switch
    {
        SqlType.Null => "null",
        SqlType.Integer => "integer",
        SqlType.Real => "real",
        SqlType.Text => "text",
        _ => "blob",
    });

    /// <summary>Any integer of 64 bits but the smallest, whose absolute value would not exist.</summary>
    private static long NextInteger(Random random)
    {
        Span<byte> bytes = stackalloc byte[8];
        random.NextBytes(bytes);
        return Math.Max(BitConverter.ToInt64(bytes), -long.MaxValue);
    }

    private static SqlValue RandomBlob(ReadOnlySpan<SqlValue> arguments, IStatementContext context)
    {
        byte[] bytes = new byte[SqlConvert.CheckedLength(Math.Max(SqlConvert.ToInteger(arguments[0]), 1))];
        context.Random.NextBytes(bytes);
        return SqlValue.FromBlob(bytes);
    }

    private static void Add(FunctionTable<ScalarFunction> table, string name, int min, int max, PureBody body) =>
        table.Add(name, min, max, new PureFunction(name, body));

    private static void Add(FunctionTable<ScalarFunction> table, string name, int min, int max, Stability stability, ContextBody body) =>
        table.Add(name, min, max, new ContextFunction(name, stability, body));
}
