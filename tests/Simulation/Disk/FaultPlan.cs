namespace Sluice.Simulation.Disk;

/// <summary>What goes wrong in one life of the process, decided from the seed before it begins.</summary>
internal sealed class FaultPlan
{
    public static FaultPlan None => new();

    /// <summary>The process ends at this step of the disk, counted from the life's beginning.</summary>
    public long? CrashAtStep { get; init; }

    /// <summary>Or at this point, when it has come there so many times.</summary>
    public (IoPoint Point, int Times)? CrashAtPoint { get; init; }

    /// <summary>This point fails, once, when it has been come to so many times.</summary>
    public (IoPoint Point, int Times)? FailAtPoint { get; init; }

    /// <summary>One in so many operations of a kind fails; 0 for never.</summary>
    public int FailingReads { get; init; }

    /// <summary>One in so many reads gives only a part of what is there; 0 for none.</summary>
    public int ShortReads { get; init; }

    /// <summary>One in so many times that the file is to be written, another process is reading it for a while; 0 for never.</summary>
    public int ForeignReaders { get; init; }

    public int FailingWrites { get; init; }

    public int FailingSyncs { get; init; }

    /// <summary>Opening, creating and deleting files, syncing folders.</summary>
    public int FailingNames { get; init; }

    /// <summary>Bytes that still fit on the disk.</summary>
    public long? FreeBytes { get; init; }

    /// <summary>Points where crashes are aimed at: each step of a commit, a checkpoint, DDL, recovery and closing.</summary>
    public static IReadOnlyList<IoPoint> NamedPoints { get; } =
    [
        .. from phase in new[] { "commit", "checkpoint", "exclusive", "open", "close" }
           from point in new[]
           {
               new IoPoint(phase, FileKind.Log, IoKind.Create), new IoPoint(phase, FileKind.Log, IoKind.Write),
               new IoPoint(phase, FileKind.Log, IoKind.Sync), new IoPoint(phase, FileKind.Log, IoKind.Delete),
               new IoPoint(phase, FileKind.Log, IoKind.SyncFolder),
               new IoPoint(phase, FileKind.Journal, IoKind.Create), new IoPoint(phase, FileKind.Journal, IoKind.Write),
               new IoPoint(phase, FileKind.Journal, IoKind.Sync), new IoPoint(phase, FileKind.Journal, IoKind.Delete),
               new IoPoint(phase, FileKind.Journal, IoKind.SyncFolder),
               new IoPoint(phase, FileKind.Database, IoKind.Write), new IoPoint(phase, FileKind.Database, IoKind.Sync),
               new IoPoint(phase, FileKind.Database, IoKind.Resize),
           }
           where phase != "commit" || point.File == FileKind.Log
           select point,
    ];
}
