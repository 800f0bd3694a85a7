using System.CommandLine;
using Sluice.Benchmarks;
using Sluice.Benchmarks.Broker;
using Sluice.Benchmarks.Engine;
using Sluice.Benchmarks.Sql;

// Each benchmark measures Sluice and its peer side by side in one run and prints the ratio.
// Build in Release: dotnet run -c Release --project tests/Benchmarks -- engine
RootCommand root = new("Measures Sluice beside its peers, in one run, and prints the ratios.")
{
    EngineBenchmark.CreateCommand(),
    SqlBenchmark.CreateCommand(),
    BrokerBenchmark.CreateCommand(),
    SensorBenchmark.CreateCommand(),
    MqttLoad.CreateCommand(),
    MeasureCommand.Create(),
};
return await root.Parse(args).InvokeAsync();
