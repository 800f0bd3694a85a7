using System.Buffers.Binary;

namespace Sluice.Engine.Format;

/// <summary>
/// The first 100 bytes of a database file ("SQLite file format", section 1.3). Immutable.
/// <code>
///  0 16 "SQLite format 3\0"      24 4 change counter        52 4 largest root page (auto-vacuum)  80 20 zero
/// 16  2 page size, 1 = 65536     28 4 pages                 56 4 text encoding, 1 = UTF-8         92  4 version-valid-for
/// 18  1 write version            32 4 first freelist trunk  60 4 user version                     96  4 SQLITE_VERSION_NUMBER
/// 19  1 read version             36 4 freelist pages        64 4 incremental vacuum
/// 20  1 reserved bytes a page    40 4 schema cookie         68 4 application id
/// 21  3 64, 32, 32               44 4 schema format         72 20 zero (to 91)
///                                48 4 default cache size
/// </code>
/// </summary>
public sealed record DatabaseHeader
{
    /// <summary>Bytes of the header.</summary>
    public const int Size = 100;

    public const int MinPageSize = 512;
    public const int MaxPageSize = 65536;

    /// <summary>The smallest usable size (section 1.3.4).</summary>
    public const int MinUsableSize = 480;

    /// <summary>The newest schema format, the one that we write (section 1.3.10).</summary>
    public const uint NewestSchemaFormat = 4;

    /// <summary>The reserved bytes a page of a file whose pages have checksums.</summary>
    public const int ChecksumSize = 8;

    /// <summary>What we leave at offset 96 of a file without valid checksums: the version of SQLite whose file format we write.</summary>
    public const uint WriterVersion = 3050004;

    /// <summary>
    /// What we leave there, "SLUI", when the checksums of all pages are right. No SQLite has this version, and each writes its own when it
    /// changes the file.
    /// </summary>
    public const uint ChecksummedVersion = 0x534c5549;

    /// <summary>Where the fields begin that are changed in place.</summary>
    internal static class Offsets
    {
        public const int ChangeCounter = 24;
        public const int PageCount = 28;
        public const int FreelistTrunk = 32;
        public const int FreelistCount = 36;
        public const int SchemaCookie = 40;
        public const int SchemaFormat = 44;
        public const int DefaultCacheSize = 48;
        public const int TextEncoding = 56;
        public const int UserVersion = 60;
        public const int ApplicationId = 68;
        public const int VersionValidFor = 92;
        public const int SqliteVersion = 96;
    }

    private static ReadOnlySpan<byte> Magic => "SQLite format 3\0"u8;

    public int PageSize { get; init; } = 4096;

    /// <summary>1 for a rollback journal, 2 for WAL (section 1.3.3).</summary>
    public byte WriteVersion { get; init; } = 1;

    public byte ReadVersion { get; init; } = 1;

    /// <summary>Bytes at the end of each page that belong to extensions (section 1.3.4).</summary>
    public byte ReservedBytes { get; init; }

    public uint ChangeCounter { get; init; }

    /// <summary>Pages as the header says; true only under the rule of <see cref="PageCountIn"/>.</summary>
    public uint PageCount { get; init; }

    /// <summary>The first trunk page of the freelist, or 0.</summary>
    public uint FreelistTrunk { get; init; }

    /// <summary>Pages on the freelist, trunks too.</summary>
    public uint FreelistCount { get; init; }

    public uint SchemaCookie { get; init; }

    /// <summary>1 to 4, or 0 in a database without a schema. Below 4, DESC in an index has no effect.</summary>
    public uint SchemaFormat { get; init; }

    public int DefaultCacheSize { get; init; }

    /// <summary>Not 0 in auto-vacuum databases, which have pointer-map pages (section 1.8).</summary>
    public uint LargestRootPage { get; init; }

    /// <summary>1 for UTF-8; 0 in a database without a schema.</summary>
    public uint TextEncoding { get; init; } = 1;

    public int UserVersion { get; init; }

    public uint IncrementalVacuum { get; init; }

    public int ApplicationId { get; init; }

    /// <summary>The change counter when <see cref="SqliteVersion"/> and the page count were written (section 1.3.16).</summary>
    public uint VersionValidFor { get; init; }

    public uint SqliteVersion { get; init; } = WriterVersion;

    public int UsableSize => PageSize - ReservedBytes;

    public bool IsAutoVacuum => LargestRootPage != 0;

    /// <summary>Whether each page has room for a checksum.</summary>
    public bool HasChecksums => ReservedBytes == ChecksumSize;

    /// <summary>Whether we were the last to write the file, and left all pages with right checksums. (SQLite before 3.7.0 changes only the counter.)</summary>
    public bool ChecksumsAreValid => SqliteVersion == ChecksummedVersion && VersionValidFor == ChangeCounter;

    /// <summary>Reads and checks a header.</summary>
    /// <exception cref="SluiceException">The bytes are no database, one that is damaged, or one of a kind that is not supported.</exception>
    public static DatabaseHeader Parse(ReadOnlySpan<byte> bytes, string path)
    {
        if (bytes.Length < Size || !bytes.StartsWith(Magic))
        {
            throw new SluiceException(ResultCode.NotADatabase, $"{path}: file is not a database");
        }

        DatabaseHeader header = Decode(bytes);
        header.CheckKind(path);
        header.CheckBytes(bytes, path);
        return header;
    }

    /// <summary>
    /// Pages in a file of <paramref name="fileLength"/> bytes (section 1.3.7): the header's count if it was written with the present
    /// change counter, else as many as the file has room for.
    /// </summary>
    public uint PageCountIn(long fileLength, string path)
    {
        long filePages = (fileLength + PageSize - 1) / PageSize;
        if (filePages > uint.MaxValue - 1)
        {
            throw new CorruptFileException(path, "file size", $"{fileLength} bytes are more pages than a database may have");
        }

        if (PageCount == 0 || VersionValidFor != ChangeCounter)
        {
            return (uint)filePages;
        }

        if (PageCount > filePages)
        {
            throw new CorruptFileException(path, "header, offset 28", $"{PageCount} pages of {PageSize} bytes in a file of {fileLength} bytes: the file was cut short");
        }

        return PageCount;
    }

    /// <summary>Writes the 100 bytes.</summary>
    public void Write(Span<byte> target)
    {
        target[..Size].Clear();
        Magic.CopyTo(target);
        BinaryPrimitives.WriteUInt16BigEndian(target[16..], PageSize == MaxPageSize ? (ushort)1 : (ushort)PageSize);
        target[18] = WriteVersion;
        target[19] = ReadVersion;
        target[20] = ReservedBytes;
        target[21] = 64;
        target[22] = 32;
        target[23] = 32;
        BinaryPrimitives.WriteUInt32BigEndian(target[Offsets.ChangeCounter..], ChangeCounter);
        BinaryPrimitives.WriteUInt32BigEndian(target[Offsets.PageCount..], PageCount);
        BinaryPrimitives.WriteUInt32BigEndian(target[Offsets.FreelistTrunk..], FreelistTrunk);
        BinaryPrimitives.WriteUInt32BigEndian(target[Offsets.FreelistCount..], FreelistCount);
        BinaryPrimitives.WriteUInt32BigEndian(target[Offsets.SchemaCookie..], SchemaCookie);
        BinaryPrimitives.WriteUInt32BigEndian(target[Offsets.SchemaFormat..], SchemaFormat);
        BinaryPrimitives.WriteInt32BigEndian(target[Offsets.DefaultCacheSize..], DefaultCacheSize);
        BinaryPrimitives.WriteUInt32BigEndian(target[52..], LargestRootPage);
        BinaryPrimitives.WriteUInt32BigEndian(target[Offsets.TextEncoding..], TextEncoding);
        BinaryPrimitives.WriteInt32BigEndian(target[Offsets.UserVersion..], UserVersion);
        BinaryPrimitives.WriteUInt32BigEndian(target[64..], IncrementalVacuum);
        BinaryPrimitives.WriteInt32BigEndian(target[Offsets.ApplicationId..], ApplicationId);
        BinaryPrimitives.WriteUInt32BigEndian(target[Offsets.VersionValidFor..], VersionValidFor);
        BinaryPrimitives.WriteUInt32BigEndian(target[Offsets.SqliteVersion..], SqliteVersion);
    }

    /// <summary><see cref="ChecksumsAreValid"/> of a header that has not been checked yet.</summary>
    internal static bool ChecksumsAreValidIn(ReadOnlySpan<byte> bytes) =>
        bytes.Length >= Size
        && BinaryPrimitives.ReadUInt32BigEndian(bytes[Offsets.SqliteVersion..]) == ChecksummedVersion
        && bytes.Slice(Offsets.VersionValidFor, 4).SequenceEqual(bytes.Slice(Offsets.ChangeCounter, 4));

    /// <summary>The page size of a header that has not been checked yet.</summary>
    internal static int PageSizeIn(ReadOnlySpan<byte> bytes) =>
        BinaryPrimitives.ReadUInt16BigEndian(bytes[16..]) is var size and not 1 ? size : MaxPageSize;

    /// <summary>Whether a number can be a page size: a power of two from 512 to 65536.</summary>
    public static bool IsPageSize(long size) => size is >= MinPageSize and <= MaxPageSize && (size & (size - 1)) == 0;

    private static DatabaseHeader Decode(ReadOnlySpan<byte> bytes)
    {
        return new DatabaseHeader
        {
            PageSize = PageSizeIn(bytes),
            WriteVersion = bytes[18],
            ReadVersion = bytes[19],
            ReservedBytes = bytes[20],
            ChangeCounter = BinaryPrimitives.ReadUInt32BigEndian(bytes[Offsets.ChangeCounter..]),
            PageCount = BinaryPrimitives.ReadUInt32BigEndian(bytes[Offsets.PageCount..]),
            FreelistTrunk = BinaryPrimitives.ReadUInt32BigEndian(bytes[Offsets.FreelistTrunk..]),
            FreelistCount = BinaryPrimitives.ReadUInt32BigEndian(bytes[Offsets.FreelistCount..]),
            SchemaCookie = BinaryPrimitives.ReadUInt32BigEndian(bytes[Offsets.SchemaCookie..]),
            SchemaFormat = BinaryPrimitives.ReadUInt32BigEndian(bytes[Offsets.SchemaFormat..]),
            DefaultCacheSize = BinaryPrimitives.ReadInt32BigEndian(bytes[Offsets.DefaultCacheSize..]),
            LargestRootPage = BinaryPrimitives.ReadUInt32BigEndian(bytes[52..]),
            TextEncoding = BinaryPrimitives.ReadUInt32BigEndian(bytes[Offsets.TextEncoding..]),
            UserVersion = BinaryPrimitives.ReadInt32BigEndian(bytes[Offsets.UserVersion..]),
            IncrementalVacuum = BinaryPrimitives.ReadUInt32BigEndian(bytes[64..]),
            ApplicationId = BinaryPrimitives.ReadInt32BigEndian(bytes[Offsets.ApplicationId..]),
            VersionValidFor = BinaryPrimitives.ReadUInt32BigEndian(bytes[Offsets.VersionValidFor..]),
            SqliteVersion = BinaryPrimitives.ReadUInt32BigEndian(bytes[Offsets.SqliteVersion..]),
        };
    }

    /// <summary>Kinds of database that are whole but not for us are refused by name, with what to do.</summary>
    private void CheckKind(string path)
    {
        if (ReadVersion == 2)
        {
            throw new SluiceException(
                ResultCode.CannotOpen,
                $"{path}: a database in WAL mode is not supported; open it with sqlite3, run PRAGMA journal_mode=DELETE, and close it");
        }

        if (ReadVersion > 2)
        {
            throw new SluiceException(ResultCode.NotADatabase, $"{path}: file format version {ReadVersion} is not supported");
        }

        if (TextEncoding is 2 or 3)
        {
            throw new SluiceException(
                ResultCode.CannotOpen,
                $"{path}: a database with text encoding UTF-16{(TextEncoding == 2 ? "le" : "be")} is not supported; only UTF-8 is");
        }

        if (SchemaFormat > NewestSchemaFormat)
        {
            throw new SluiceException(ResultCode.Error, $"{path}: unsupported file format: schema format {SchemaFormat}");
        }
    }

    private void CheckBytes(ReadOnlySpan<byte> bytes, string path)
    {
        if (!IsPageSize(PageSize))
        {
            throw new CorruptFileException(path, "header, offset 16", $"page size {PageSize} is no power of two from 512 to 65536");
        }

        if (UsableSize < MinUsableSize)
        {
            throw new CorruptFileException(path, "header, offset 20", $"{ReservedBytes} reserved bytes leave {UsableSize} of a page, less than {MinUsableSize}");
        }

        if (ChecksumsAreValid && !HasChecksums)
        {
            throw new CorruptFileException(path, "header, offset 20", $"{ReservedBytes} reserved bytes where checksums take {ChecksumSize}");
        }

        if (bytes[21] != 64 || bytes[22] != 32 || bytes[23] != 32)
        {
            throw new CorruptFileException(path, "header, offset 21", $"payload fractions {bytes[21]}, {bytes[22]}, {bytes[23]} instead of 64, 32, 32");
        }

        if (ReadVersion == 0 || WriteVersion == 0)
        {
            throw new CorruptFileException(path, "header, offset 18", "a file format version of 0");
        }

        if (TextEncoding > 3)
        {
            throw new CorruptFileException(path, "header, offset 56", $"text encoding {TextEncoding}");
        }
    }
}
