namespace Sluice.Gateway.Cli.Sql;

/// <summary>What a command of the shell could not do, said to the user as it is.</summary>
internal sealed class ShellException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>The program behind <c>.output</c> or <c>.once</c> has read what it wanted (head, a pager that was left): what prints ends, and nothing has failed.</summary>
internal sealed class OutputClosedException : Exception;
