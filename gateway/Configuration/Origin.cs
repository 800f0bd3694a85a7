namespace Sluice.Gateway.Configuration;

/// <summary>Where a setting was written, as an error message names it: <c>sluice.yaml:3</c>, an environment variable, an option.</summary>
/// <param name="Source">The file, or what stands for it.</param>
/// <param name="Line">Counted from 1; 0 where there are no lines.</param>
public readonly record struct Origin(string Source, int Line)
{
    /// <inheritdoc/>
    public override string ToString() => Line == 0 ? Source : $"{Source}:{Line}";
}
