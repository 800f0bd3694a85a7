namespace Sluice.Simulation.Disk;

internal enum FileKind
{
    Database,
    Journal,
    Log,

    /// <summary>Pages that are put aside while memory is short.</summary>
    Side,
}

internal enum IoKind
{
    Open,
    Create,
    Read,
    Write,
    Resize,
    Sync,
    Delete,
    SyncFolder,

    /// <summary>A lock that another process does not let the engine have.</summary>
    RefusedLock,
}

/// <summary>A place in the engine's work, by what it does and to what: where faults are put and crashes counted.</summary>
internal readonly record struct IoPoint(string Phase, FileKind File, IoKind Kind)
{
    public bool IsChange => Kind is not (IoKind.Open or IoKind.Read or IoKind.RefusedLock);

    public static FileKind KindOf(string path) =>
        path.EndsWith("-journal", StringComparison.Ordinal) ? FileKind.Journal
        : path.Contains("-log.", StringComparison.Ordinal) ? FileKind.Log
        : path.EndsWith("-side", StringComparison.Ordinal) || path.Contains("-rows.", StringComparison.Ordinal) ? FileKind.Side
        : FileKind.Database;

    public override string ToString() => $"{Phase}: {Kind} {File}";
}
