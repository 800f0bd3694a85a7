using System.Diagnostics;
using System.Text;

namespace Sluice.Engine.Tests.Files;

/// <summary>The sqlite3 command line, the reference for files.</summary>
public static class Sqlite3
{
    /// <summary>Runs statements and returns what is printed; an error fails the test.</summary>
    public static string Run(string database, string sql)
    {
        (int exit, string output, string errors) = TryRun(database, sql);
        Assert.True(exit == 0 && errors.Length == 0, $"sqlite3 {database}: {errors}");
        return output;
    }

    public static (int Exit, string Output, string Errors) TryRun(string database, string sql)
    {
        using Process process = Start(database);
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        process.StandardInput.Write(sql);
        process.StandardInput.Close();
        process.WaitForExit();
        return (process.ExitCode, output.GetAwaiter().GetResult().TrimEnd(), errors.GetAwaiter().GetResult().TrimEnd());
    }

    /// <summary>An sqlite3 that reads statements from its input until that is closed.</summary>
    public static Process Start(string database)
    {
        ProcessStartInfo start = new("sqlite3", ["-batch", "-bail", database])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardInputEncoding = new UTF8Encoding(false),
            StandardOutputEncoding = new UTF8Encoding(false),
        };
        return Process.Start(start) ?? throw new InvalidOperationException("sqlite3 did not start");
    }
}
