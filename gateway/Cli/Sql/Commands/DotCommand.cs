namespace Sluice.Gateway.Cli.Sql;

/// <summary>What an argument of a dot command names, for completion.</summary>
internal enum DotArgument
{
    Nothing,
    OnOff,
    Mode,
    File,
    Table,
    Command,
}

/// <summary>One of the shell's own commands.</summary>
/// <param name="Name">With its full stop.</param>
/// <param name="Arguments">How they are written.</param>
/// <param name="Summary">One line.</param>
/// <param name="Run">Does it; what it cannot do it throws.</param>
internal sealed record DotCommand(string Name, string Arguments, string Summary, Action<DotCall> Run)
{
    public DotArgument Takes { get; init; }

    /// <summary>Options and examples, for <c>.help COMMAND</c>.</summary>
    public string Details { get; init; } = "";

    public string Usage => Arguments.Length == 0 ? Name : $"{Name} {Arguments}";
}

/// <summary>A command as it was given.</summary>
internal sealed class DotCall(SqlShell shell, DotCommand command, string[] arguments)
{
    public SqlShell Shell { get; } = shell;

    public ShellOutput Output => Shell.Output;

    public ShellSettings Settings => Shell.Settings;

    public DotCommand Command { get; } = command;

    public string[] Arguments { get; } = arguments;

    /// <summary>Whether it failed in part, which it has said itself.</summary>
    public bool HasFailed { get; set; }

    /// <summary>The only argument, or null if there is none.</summary>
    public string? Optional() => Arguments switch
    {
        [] => null,
        [string only] => only,
        _ => throw Wrong(),
    };

    /// <summary>The only argument.</summary>
    public string Required() => Arguments is [string only] ? only : throw Wrong();

    /// <summary>on or off.</summary>
    public bool Flag() => Required().ToLowerInvariant() switch
    {
        "on" or "yes" or "true" or "1" => true,
        "off" or "no" or "false" or "0" => false,
        string other => throw new ShellException($"\"{other}\" is neither on nor off; say {Command.Name} on or {Command.Name} off"),
    };

    /// <summary>The arguments are not what the command takes.</summary>
    public ShellException Wrong() => new($"usage: {Command.Usage}");
}
