using Sluice.Engine.Execute.Functions.Telemetry;
using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.Functions;

/// <summary>The aggregate functions of "Built-in Aggregate Functions", section 3, and those for telemetry, which are extensions.</summary>
internal static class BuiltInAggregates
{
    public static void AddTo(FunctionTable<AggregateFunction> table)
    {
        Add(table, 0, "count", _ => new CountRowsAccumulator());
        Add(table, 1, "count", _ => new CountAccumulator());
        Add(table, 1, "sum", _ => new SumAccumulator());
        Add(table, 1, "total", _ => new TotalAccumulator());
        Add(table, 1, "avg", _ => new AverageAccumulator());
        Add(table, 1, "min", collation => new ExtremeAccumulator(collation, max: false));
        Add(table, 1, "max", collation => new ExtremeAccumulator(collation, max: true));
        Add(table, 1, "group_concat", _ => new ConcatAccumulator());
        Add(table, 2, "group_concat", _ => new ConcatAccumulator());
        Add(table, 2, "string_agg", _ => new ConcatAccumulator());
        Add(table, 1, "json_group_array", _ => new Json.JsonArrayAccumulator(binary: false));
        Add(table, 1, "jsonb_group_array", _ => new Json.JsonArrayAccumulator(binary: true));
        Add(table, 2, "json_group_object", _ => new Json.JsonObjectAccumulator(binary: false));
        Add(table, 2, "jsonb_group_object", _ => new Json.JsonObjectAccumulator(binary: true));
        AddTelemetryTo(table);
    }

    private static void AddTelemetryTo(FunctionTable<AggregateFunction> table)
    {
        Add(table, 2, "first", _ => new EdgeAccumulator(last: false));
        Add(table, 2, "last", _ => new EdgeAccumulator(last: true));
        Add(table, 1, "median", _ => new PercentileAccumulator("median", 1, discrete: false));
        Add(table, 2, "percentile", _ => new PercentileAccumulator("percentile", 100, discrete: false));
        Add(table, 2, "percentile_cont", _ => new PercentileAccumulator("percentile_cont", 1, discrete: false));
        Add(table, 2, "percentile_disc", _ => new PercentileAccumulator("percentile_disc", 1, discrete: true));
        Add(table, 1, "stddev", _ => new SpreadAccumulator(population: false, root: true));
        Add(table, 1, "stddev_samp", _ => new SpreadAccumulator(population: false, root: true));
        Add(table, 1, "variance", _ => new SpreadAccumulator(population: false, root: false));
        Add(table, 1, "var_samp", _ => new SpreadAccumulator(population: false, root: false));
        Add(table, 1, "stddev_pop", _ => new SpreadAccumulator(population: true, root: true));
        Add(table, 1, "var_pop", _ => new SpreadAccumulator(population: true, root: false));
    }

    private static void Add(FunctionTable<AggregateFunction> table, int arguments, string name, Func<Collation, Accumulator> create) =>
        table.Add(name, arguments, arguments, new BuiltInAggregate(name, create));

    private sealed class BuiltInAggregate(string name, Func<Collation, Accumulator> create) : AggregateFunction(name)
    {
        public override Accumulator Create(Collation collation) => create(collation);
    }
}
