using Sluice.Engine.Sql;

namespace Sluice.Engine;

/// <summary>
/// Primary and extended result codes, with SQLite's numbers ("Result and Error Codes", sqlite.org/rescode.html):
/// the low byte is the primary code, the rest tells the variants apart.
/// </summary>
public enum ResultCode
{
    Ok = 0,
    Error = 1,
    Internal = 2,
    Permission = 3,
    Abort = 4,
    Busy = 5,
    Locked = 6,
    NoMemory = 7,
    ReadOnly = 8,
    Interrupt = 9,
    IoError = 10,
    Corrupt = 11,
    NotFound = 12,
    Full = 13,
    CannotOpen = 14,
    SchemaChanged = 17,
    TooBig = 18,
    Constraint = 19,
    Mismatch = 20,
    Misuse = 21,
    Range = 25,
    NotADatabase = 26,

    /// <summary>A collation that is not there.</summary>
    MissingCollation = Error | (1 << 8),

    /// <summary>The snapshot is older than the newest commit of a plain writer; roll back and begin anew.</summary>
    BusySnapshot = Busy | (2 << 8),

    /// <summary>Another transaction wrote the same row or unique key first. An extension of ours: SQLite has no such code.</summary>
    BusyConflict = Busy | (64 << 8),

    /// <summary>The schema changed under an open concurrent transaction. An extension of ours.</summary>
    BusySchema = Busy | (65 << 8),

    /// <summary>
    /// The process that owned the file ended, and with it the transaction; nothing of it has happened. An extension of ours.
    /// </summary>
    BusyOwnerEnded = Busy | (66 << 8),

    ConstraintCheck = Constraint | (1 << 8),
    ConstraintForeignKey = Constraint | (3 << 8),
    ConstraintNotNull = Constraint | (5 << 8),
    ConstraintPrimaryKey = Constraint | (6 << 8),
    ConstraintTrigger = Constraint | (7 << 8),
    ConstraintUnique = Constraint | (8 << 8),
    ConstraintRowid = Constraint | (10 << 8),
    ConstraintDataType = Constraint | (12 << 8),

    IoErrorRead = IoError | (1 << 8),
    IoErrorShortRead = IoError | (2 << 8),
    IoErrorWrite = IoError | (3 << 8),
    IoErrorSync = IoError | (4 << 8),
    IoErrorLock = IoError | (15 << 8),

    /// <summary>
    /// The process that owned the file ended after it was asked to commit and before it answered: the commit is there whole or not at
    /// all, and which of the two must be found out before the work is done again. An extension of ours.
    /// </summary>
    IoErrorOutcomeUnknown = IoError | (64 << 8),
}

/// <summary>
/// An error of the engine. <see cref="Exception.Message"/> is SQLite's text where programs look at it;
/// errors about files name the file, the place and the reason.
/// </summary>
public class SluiceException : System.Data.Common.DbException
{
    public SluiceException(ResultCode code, string message, Exception? inner = null) : base(message, inner)
    {
        Code = code;
    }

    /// <summary>The extended result code.</summary>
    public ResultCode Code { get; }

    /// <summary>The primary result code: the low byte of <see cref="Code"/>.</summary>
    public ResultCode PrimaryCode => (ResultCode)((int)Code & 0xff);

    /// <summary>For a broken constraint: the conflict action that applies, of which FAIL and ROLLBACK matter to who catches it.</summary>
    internal ConflictAction ConflictAction { get; init; }

    /// <summary>The command of a batch whose statement failed.</summary>
    internal System.Data.Common.DbBatchCommand? FailedCommand { get; set; }

    protected override System.Data.Common.DbBatchCommand? DbBatchCommand => FailedCommand;

    /// <summary>True when the same work may succeed if the transaction is rolled back and tried again.</summary>
    public override bool IsTransient => PrimaryCode == ResultCode.Busy;
}

/// <summary>Bytes in a file that cannot be what they should be. Names the file, the place and the reason.</summary>
public sealed class CorruptFileException : SluiceException
{
    public CorruptFileException(string path, string place, string reason)
        : base(ResultCode.Corrupt, $"{path}: {place}: {reason}")
    {
        Path = path;
        Place = place;
    }

    public string Path { get; }

    /// <summary>Where in the file: a page and cell, or a byte offset.</summary>
    public string Place { get; }
}
