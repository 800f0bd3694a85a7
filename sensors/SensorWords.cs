namespace Sluice.Sensors;

/// <summary>What reasons are called in readings, metrics and messages; stable.</summary>
public static class SensorWords
{
    private static readonly string[] Reasons = [.. Enum.GetNames<FaultReason>().Select(SnakeCase)];

    /// <summary><c>nack</c>, <c>not_ready</c>.</summary>
    public static string Of(FaultReason reason) => Reasons[(int)reason];

    private static string SnakeCase(string name) =>
        string.Concat(name.Select((c, i) => char.IsUpper(c) ? (i == 0 ? "" : "_") + char.ToLowerInvariant(c) : c.ToString()));
}
