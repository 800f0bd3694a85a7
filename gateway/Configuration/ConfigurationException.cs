namespace Sluice.Gateway.Configuration;

/// <summary>
/// A configuration that cannot be used. Each line of the message says where (file and line, variable or option), which
/// key, what is wrong and what to do.
/// </summary>
public sealed class ConfigurationException(IReadOnlyList<string> errors) : Exception(string.Join('\n', errors))
{
    public ConfigurationException(Origin origin, string what) : this([$"{origin}: {what}"])
    {
    }

    /// <summary>One line each.</summary>
    public IReadOnlyList<string> Errors { get; } = errors;
}
