using System.Collections;
using System.Data.Common;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Sluice.Engine.Files;

namespace Sluice.Engine.Data;

/// <summary>How a connection opens its file.</summary>
public enum SluiceOpenMode
{
    /// <summary>Read and write; the file is made if it is not there.</summary>
    ReadWriteCreate,

    /// <summary>Read and write; an error if the file is not there.</summary>
    ReadWrite,

    /// <summary>Read only; an error if the file is not there.</summary>
    ReadOnly,

    /// <summary>In memory: the data source is no file but a name, see <see cref="SluiceCacheMode.Shared"/>.</summary>
    Memory,
}

/// <summary>Who shares a database in memory. Connections of one process to one file always share its cache, whatever is said.</summary>
public enum SluiceCacheMode
{
    /// <summary>As <see cref="Private"/>.</summary>
    Default,

    /// <summary>A database in memory is its connection's own.</summary>
    Private,

    /// <summary>
    /// All connections of this process that name the same data source share one database in memory; it ends with the last of them. They see of each
    /// other what connections to a file see: what is committed.
    /// </summary>
    Shared,
}

/// <summary>Whether several processes work on one file.</summary>
public enum SluiceSharing
{
    /// <summary>
    /// The first process that opens the file owns it and serves the others, which work through it as if they had it themselves; when it ends, the
    /// first of them takes over.
    /// </summary>
    On,

    /// <summary>The process owns the file alone. Others, and this one while another owns the file, read the last checkpoint.</summary>
    Off,

    /// <summary>Works through the process that owns the file and never becomes the owner: an error if there is none.</summary>
    Client,
}

/// <summary>
/// The settings of a connection string: <c>Data Source=readings.db;Mode=ReadWrite;Busy Timeout=5000</c>. Keywords are
/// compared without regard to case; one that is not known is an error that lists the known ones. Those of Microsoft.Data.Sqlite mean what they mean
/// there; Password and Vfs are refused.
/// </summary>
public sealed class SluiceConnectionStringBuilder : DbConnectionStringBuilder
{
    internal const string MemorySource = ":memory:";
    internal const int DefaultBusyTimeoutMs = 5_000;
    internal const int DefaultCommandTimeoutSeconds = 30;

    private const string DataSourceKeyword = "Data Source";
    private const string ModeKeyword = "Mode";
    private const string BusyTimeoutKeyword = "Busy Timeout";
    private const string CacheSizeKeyword = "Cache Size";
    private const string DefaultTimeoutKeyword = "Default Timeout";
    private const string SharingKeyword = "Sharing";
    private const string PoolingKeyword = "Pooling";
    private const string CacheKeyword = "Cache";
    private const string ForeignKeysKeyword = "Foreign Keys";
    private const string RecursiveTriggersKeyword = "Recursive Triggers";

    private static readonly string[] KnownKeywords =
    [
        DataSourceKeyword, ModeKeyword, CacheKeyword, ForeignKeysKeyword, RecursiveTriggersKeyword, BusyTimeoutKeyword, CacheSizeKeyword, DefaultTimeoutKeyword,
        SharingKeyword, PoolingKeyword,
    ];

    private static readonly Dictionary<string, string> Canonical = new(StringComparer.OrdinalIgnoreCase)
    {
        [DataSourceKeyword] = DataSourceKeyword,
        ["DataSource"] = DataSourceKeyword,
        ["Filename"] = DataSourceKeyword,
        [ModeKeyword] = ModeKeyword,
        [BusyTimeoutKeyword] = BusyTimeoutKeyword,
        ["BusyTimeout"] = BusyTimeoutKeyword,
        [CacheSizeKeyword] = CacheSizeKeyword,
        ["CacheSize"] = CacheSizeKeyword,
        [DefaultTimeoutKeyword] = DefaultTimeoutKeyword,
        ["Command Timeout"] = DefaultTimeoutKeyword,
        [SharingKeyword] = SharingKeyword,
        [PoolingKeyword] = PoolingKeyword,
        [CacheKeyword] = CacheKeyword,
        [ForeignKeysKeyword] = ForeignKeysKeyword,
        [RecursiveTriggersKeyword] = RecursiveTriggersKeyword,
    };

    /// <summary>Keywords of other providers whose meaning cannot be had here, and what to do instead.</summary>
    private static readonly Dictionary<string, string> Refused = new(StringComparer.OrdinalIgnoreCase)
    {
        ["Password"] = "files are not encrypted; leave it out, and keep the file on an encrypted volume or under rights of its own",
        ["Vfs"] = "there are no virtual file systems to choose from; leave it out",
    };

    public SluiceConnectionStringBuilder()
    {
    }

    public SluiceConnectionStringBuilder(string? connectionString)
    {
        ConnectionString = connectionString;
    }

    /// <summary>
    /// The path of the database file, or <c>:memory:</c> for a database that lives as long as the connection. A <c>file:</c> URI is understood with its
    /// parameters mode and cache; a path may begin with <c>|DataDirectory|</c>.
    /// </summary>
    [AllowNull]
    public string DataSource
    {
        get => Text(DataSourceKeyword) ?? "";
        set => this[DataSourceKeyword] = value;
    }

    /// <summary>The default is <see cref="SluiceOpenMode.ReadWriteCreate"/>.</summary>
    public SluiceOpenMode Mode
    {
        get => Text(ModeKeyword) is { } text ? Parse<SluiceOpenMode>(ModeKeyword, text) : SluiceOpenMode.ReadWriteCreate;
        set => this[ModeKeyword] = value;
    }

    /// <summary>How long a statement waits for a lock that another transaction holds, in milliseconds; 5000 by default, 0 not to wait.</summary>
    public int BusyTimeoutMs
    {
        get => Number(BusyTimeoutKeyword) ?? DefaultBusyTimeoutMs;
        set => this[BusyTimeoutKeyword] = value;
    }

    /// <summary>
    /// The bound of the page cache in KiB, or 0 for the engine's own. The file's first connection of a process decides.
    /// </summary>
    public int CacheSizeKiB
    {
        get => Number(CacheSizeKeyword) ?? 0;
        set => this[CacheSizeKeyword] = value;
    }

    /// <summary>The <see cref="SluiceCommand.CommandTimeout"/> that commands begin with, in seconds; 30 by default, 0 for none.</summary>
    public int DefaultTimeoutSeconds
    {
        get => Number(DefaultTimeoutKeyword) ?? DefaultCommandTimeoutSeconds;
        set => this[DefaultTimeoutKeyword] = value;
    }

    /// <summary>
    /// Whether the file is shared with other processes; <see cref="SluiceSharing.On"/> by default. The file's first connection of a
    /// process decides whether that process serves others.
    /// </summary>
    public SluiceSharing Sharing
    {
        get => Text(SharingKeyword) is { } text ? Parse<SluiceSharing>(SharingKeyword, text) : SluiceSharing.On;
        set => this[SharingKeyword] = value;
    }

    /// <summary>
    /// Whether the file stays open for half a minute after its last connection has closed, so that the next one opens at once; false by default, because
    /// a closed file is one file, whole, which other programs may write. <see cref="SluiceConnection.ClearAllPools"/> closes it.
    /// </summary>
    public bool Pooling
    {
        get => Flag(PoolingKeyword);
        set => this[PoolingKeyword] = value;
    }

    /// <summary>See <see cref="SluiceCacheMode"/>.</summary>
    public SluiceCacheMode Cache
    {
        get => Text(CacheKeyword) is { } text ? Parse<SluiceCacheMode>(CacheKeyword, text) : SluiceCacheMode.Default;
        set => this[CacheKeyword] = value;
    }

    /// <summary>Whether connections begin with <c>PRAGMA foreign_keys = ON</c>; false by default, as in SQLite itself.</summary>
    public bool ForeignKeys
    {
        get => Flag(ForeignKeysKeyword);
        set => this[ForeignKeysKeyword] = value;
    }

    /// <summary>Whether connections begin with <c>PRAGMA recursive_triggers = ON</c>; false by default.</summary>
    public bool RecursiveTriggers
    {
        get => Flag(RecursiveTriggersKeyword);
        set => this[RecursiveTriggersKeyword] = value;
    }

    /// <summary>All keywords that there are; <see cref="ShouldSerialize"/> tells those that were set.</summary>
    public override ICollection Keys => Array.AsReadOnly(KnownKeywords);

    /// <summary>The values of <see cref="Keys"/>, defaults where none was set.</summary>
    public override ICollection Values => Array.AsReadOnly(Array.ConvertAll(KnownKeywords, keyword => this[keyword]));

    [AllowNull]
    public override object this[string keyword]
    {
        get => base.TryGetValue(Known(keyword), out object? value) ? value : Default(Known(keyword));
        set
        {
            string known = Known(keyword);
            if (value is null)
            {
                base.Remove(known);
                return;
            }

            base[known] = Validated(known, value);
        }
    }

    /// <summary>Whether there is such a keyword, set or not.</summary>
    public override bool ContainsKey(string keyword) => Canonical.ContainsKey(keyword);

    public override bool Remove(string keyword) =>
        Canonical.TryGetValue(keyword, out string? known) && base.Remove(known);

    public override bool ShouldSerialize(string keyword) =>
        Canonical.TryGetValue(keyword, out string? known) && base.ShouldSerialize(known);

    public override bool TryGetValue(string keyword, [NotNullWhen(true)] out object? value)
    {
        value = null;
        if (!Canonical.TryGetValue(keyword, out string? known))
        {
            return false;
        }

        value = this[known];
        return true;
    }

    private static string Known(string keyword) =>
        Canonical.TryGetValue(keyword, out string? known)
            ? known
            : throw new ArgumentException(
                Refused.TryGetValue(keyword, out string? reason)
                    ? $"The connection string keyword '{keyword}' is not supported: {reason}."
                    : $"The connection string keyword '{keyword}' is not known; the known ones are {string.Join(", ", KnownKeywords)}.",
                nameof(keyword));

    private static string Validated(string keyword, object value)
    {
        string text = Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
        switch (keyword)
        {
            case ModeKeyword:
                return Parse<SluiceOpenMode>(ModeKeyword, text).ToString();
            case SharingKeyword:
                return Parse<SluiceSharing>(SharingKeyword, text).ToString();
            case CacheKeyword:
                return Parse<SluiceCacheMode>(CacheKeyword, text).ToString();
            case DataSourceKeyword when FileUri.Is(text) && !FileUri.TryParse(text, out _, out string? error):
                throw new ArgumentException($"The connection string's '{keyword}' is no URI that is understood: {error}.", nameof(value));
            case PoolingKeyword or ForeignKeysKeyword or RecursiveTriggersKeyword:
                return bool.TryParse(text, out bool flag)
                    ? flag.ToString()
                    : throw new ArgumentException($"The connection string's '{keyword}' must be True or False, not '{text}'.", nameof(value));
            case BusyTimeoutKeyword or CacheSizeKeyword or DefaultTimeoutKeyword:
                if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number))
                {
                    throw new ArgumentException(
                        $"The connection string's '{keyword}' must be a whole number from 0 to {int.MaxValue}, not '{text}'.", nameof(value));
                }

                return number.ToString(CultureInfo.InvariantCulture);
            default:
                return text;
        }
    }

    private static T Parse<T>(string keyword, string text)
        where T : struct, Enum =>
        Enum.TryParse(text, ignoreCase: true, out T value) && Enum.IsDefined(value)
            ? value
            : throw new ArgumentException(
                $"The connection string's '{keyword}' must be one of {string.Join(", ", Enum.GetNames<T>())}, not '{text}'.");

    private static object Default(string keyword) => keyword switch
    {
        ModeKeyword => SluiceOpenMode.ReadWriteCreate,
        SharingKeyword => SluiceSharing.On,
        CacheKeyword => SluiceCacheMode.Default,
        PoolingKeyword or ForeignKeysKeyword or RecursiveTriggersKeyword => false,
        BusyTimeoutKeyword => DefaultBusyTimeoutMs,
        CacheSizeKeyword => 0,
        DefaultTimeoutKeyword => DefaultCommandTimeoutSeconds,
        _ => "",
    };

    private string? Text(string keyword) => base.TryGetValue(keyword, out object? value) ? (string)value : null;

    private bool Flag(string keyword) => Text(keyword) is { } text && bool.Parse(text);

    private int? Number(string keyword) =>
        Text(keyword) is { } text ? int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture) : null;
}
