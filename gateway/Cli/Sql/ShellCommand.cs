using System.ComponentModel;
using System.Diagnostics;

namespace Sluice.Gateway.Cli.Sql;

/// <summary>Commands of the system's shell, for <c>.shell</c> and for files whose name begins with |.</summary>
internal static class ShellCommand
{
    /// <summary>Runs it on the terminal and returns its exit code.</summary>
    public static int Run(string command)
    {
        using Process process = Start(command);
        process.WaitForExit();
        return process.ExitCode;
    }

    public static Process Start(string command, bool redirectInput = false, bool redirectOutput = false)
    {
        ProcessStartInfo start = new("/bin/sh") { RedirectStandardInput = redirectInput, RedirectStandardOutput = redirectOutput };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add(command);
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception error)
        {
            throw new ShellException($"cannot run \"{command}\": {error.Message}", error);
        }
    }
}
