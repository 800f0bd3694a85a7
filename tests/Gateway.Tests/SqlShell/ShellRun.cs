using System.Diagnostics;
using System.Text;
using Sluice.Engine.Data;
using Sluice.Gateway.Cli;
using Sluice.Gateway.Cli.Sql;

namespace Sluice.Gateway.Tests.Sql;

/// <summary>A folder with a database, the shell run on it within the test's process, and stock sqlite3 beside it.</summary>
public abstract class ShellRun : IDisposable
{
    protected string Folder { get; } = Directory.CreateTempSubdirectory("sluice-sql-").FullName;

    protected string Database => Path.Combine(Folder, "t.db");

    public void Dispose()
    {
        Directory.Delete(Folder, recursive: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Writes a file into the folder and returns its path.</summary>
    protected string Write(string name, string content)
    {
        string path = Path.Combine(Folder, name);
        File.WriteAllText(path, content);
        return path;
    }

    /// <summary>What stock sqlite3 prints; it must not complain.</summary>
    protected static string Sqlite3(string database, string sql, params string[] options) => Sqlite3WithInput(database, input: null, [.. options, "-bail", database, sql]);

    /// <summary>What stock sqlite3 prints for a script on its standard input.</summary>
    protected static string Sqlite3Script(string database, string script) => Sqlite3WithInput(database, script, ["-bail", database]);

    /// <summary>The shell's exit code, output and errors.</summary>
    /// <param name="script">Its standard input.</param>
    /// <param name="options">--create, --readonly, --header, --bail and the name of a mode.</param>
    protected (int Code, string Output, string Errors) Shell(string script, params string[] options) => Shell(Encoding.UTF8.GetBytes(script), options);

    /// <summary>As <see cref="Shell(string, string[])"/>, with bytes that need not be UTF-8.</summary>
    protected (int Code, string Output, string Errors) Shell(byte[] script, params string[] options) => Run(Request(options), script, width: null);

    /// <summary>As <see cref="Shell"/>, with the text as an argument of the command line.</summary>
    protected (int Code, string Output, string Errors) ShellArgument(string sql, params string[] options) => Run(Request(options) with { Statements = [sql] }, [], width: null);

    /// <summary>What is printed where the output is a terminal of that width.</summary>
    protected string OnTerminal(string sql, int width, params string[] options)
    {
        (int code, string output, string errors) = Run(Request(options) with { Statements = [sql] }, [], width);
        Assert.Equal((0, ""), (code, errors));
        return output;
    }

    private SqlRequest Request(string[] options) => new()
    {
        File = Database,
        Mode = options.Select(option => Enum.TryParse(option.TrimStart('-'), ignoreCase: true, out OutputMode mode) ? mode : (OutputMode?)null).FirstOrDefault(mode => mode is not null),
        Header = options.Contains("--header") ? true : null,
        Bail = options.Contains("--bail"),
        Open = options.Contains("--readonly") ? SluiceOpenMode.ReadOnly
            : options.Contains("--create") ? SluiceOpenMode.ReadWriteCreate
            : SluiceOpenMode.ReadWrite,
    };

    private static (int Code, string Output, string Errors) Run(SqlRequest request, byte[] script, int? width)
    {
        using MemoryStream output = new();
        using StringWriter errors = new();
        using MemoryStream input = new(script);
        int code = SqlCommand.Run(request, new SqlTerminal { Script = input, Output = output, Errors = errors, Width = width is { } cells ? () => cells : null });
        return (code, Encoding.UTF8.GetString(output.ToArray()), errors.ToString());
    }

    private static string Sqlite3WithInput(string database, string? input, string[] arguments)
    {
        ProcessStartInfo start = new("sqlite3")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            StandardOutputEncoding = Encoding.UTF8,
            StandardInputEncoding = new UTF8Encoding(false),
        };
        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        using Process process = Process.Start(start)!;
        process.StandardInput.Write(input ?? "");
        process.StandardInput.Close();
        string output = process.StandardOutput.ReadToEnd();
        string errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(errors.Length == 0, $"sqlite3 on {database}: {errors}");
        return output;
    }
}
