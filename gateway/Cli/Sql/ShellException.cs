namespace Sluice.Gateway.Cli.Sql;

/// <summary>What a command of the shell could not do, said to the user as it is.</summary>
internal sealed class ShellException(string message, Exception? inner = null) : Exception(message, inner);
