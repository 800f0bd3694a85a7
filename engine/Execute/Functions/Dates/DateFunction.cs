using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.Functions.Dates;

/// <summary>
/// A date function: constant only within a statement, because of 'now' and 'localtime'. In the definition of a table it may be given neither, which is
/// seen when a row does ("Deterministic SQL Functions", sqlite.org/deterministic.html, section 3).
/// </summary>
internal sealed class DateFunction(string name, ContextBody body) : ScalarFunction(name, Stability.Statement)
{
    public override SqlValue Invoke(ReadOnlySpan<SqlValue> arguments, IStatementContext context) => body(arguments, context);

    /// <summary>The function as it is in a definition; <paramref name="place"/> is what SQLite calls that: "an index", "a CHECK constraint".</summary>
    public DateFunction In(string place)
    {
        FoldingContext timeless = new($"non-deterministic use of {Name}() in {place}");
        return new DateFunction(Name, (arguments, _) => body(arguments, timeless));
    }
}
