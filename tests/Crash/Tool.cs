using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Sluice.Crash;

/// <summary>Other programs, and signals to them.</summary>
internal static partial class Tool
{
    public const int SigKill = 9;

    /// <summary>What a program prints, without the last newline; an exit code other than 0 is an error.</summary>
    public static string Run(string program, params string[] arguments)
    {
        ProcessStartInfo start = new(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start) ?? throw new InvalidOperationException($"cannot start {program}");
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0
            ? output.TrimEnd('\n')
            : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)}: {process.ExitCode}: {output}{errors.GetAwaiter().GetResult()}");
    }

    public static string Sqlite3(string database, string sql) => Run("sqlite3", "-bail", database, sql);

    /// <summary>kill -9, as nobody can catch it.</summary>
    public static void Kill(Process process) => _ = SendSignal(process.Id, SigKill);

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendSignal(int process, int signal);
}
