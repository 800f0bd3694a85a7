using System.Diagnostics;
using Xunit.Abstractions;

namespace Sluice.Engine.Tests.Acceptance;

/// <summary>
/// tests/Crash in short: real processes that are killed, a disk that loses what was not synced, a disk that is full. The whole of it by hand, for
/// example <c>dotnet run -c Release --project tests/Crash -- powercut --cycles 500</c>.
/// </summary>
public sealed class CrashProcessTests(ITestOutputHelper output)
{
    private const int Skipped = 77;

    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(3);

    [Fact]
    public Task Three_processes_write_one_file_and_its_owner_is_killed_twice() => RunAsync("takeover", "--seconds", "6");

    [Fact]
    public Task The_power_goes_eight_times_and_nothing_acknowledged_is_lost() => RunAsync("powercut", "--cycles", "8");

    [RootFact]
    public Task A_disk_is_full_during_commits_and_during_a_checkpoint() => RunAsync("fulldisk");

    private async Task RunAsync(params string[] arguments)
    {
        string configuration = AppContext.BaseDirectory.Contains("/Release/", StringComparison.Ordinal) ? "Release" : "Debug";
        string program = Path.Combine(Root(), "tests", "Crash", "bin", configuration, "net10.0", "Sluice.Crash");
        ProcessStartInfo start = new(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        Task<string> printed = process.StandardOutput.ReadToEndAsync();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        try
        {
            await process.WaitForExitAsync().WaitAsync(s_patience);
        }
        finally
        {
            process.Kill(entireProcessTree: true);
        }

        string all = await printed + await errors;
        output.WriteLine(all);
        if (process.ExitCode != Skipped)
        {
            Assert.True(process.ExitCode == 0, all);
            Assert.Contains("\nok: ", "\n" + all, StringComparison.Ordinal);
        }
    }

    /// <summary>Skipped for others than root.</summary>
    private sealed class RootFactAttribute : FactAttribute
    {
        public RootFactAttribute()
        {
            if (Environment.UserName != "root")
            {
                Skip = "mounting a small disk needs root";
            }
        }
    }

    private static string Root()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Gateway.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new InvalidOperationException("Gateway.sln is not above the test assembly");
    }
}
