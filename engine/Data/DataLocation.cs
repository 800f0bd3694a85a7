using Sluice.Engine.Files;

namespace Sluice.Engine.Data;

/// <summary>What a connection string says to open: its Data Source (a path, a URI or memory), Mode and Cache taken together.</summary>
/// <param name="Path">The file, or <see cref="DatabaseOptions.MemoryPath"/>; empty if none is named.</param>
/// <param name="Mode">How it is opened; never Memory.</param>
/// <param name="MemoryName">The name under which connections of this process share a database in memory, or null.</param>
internal readonly record struct DataLocation(string Path, SluiceOpenMode Mode, string? MemoryName)
{
    /// <summary>At the beginning of a path: the folder that the program has set by AppDomain.SetData("DataDirectory"), or its own.</summary>
    private const string DataDirectory = "|DataDirectory|";

    /// <exception cref="SluiceException">Permission: a URI asks for more than Mode allows.</exception>
    internal static DataLocation Of(SluiceConnectionStringBuilder settings)
    {
        string source = settings.DataSource;
        SluiceOpenMode mode = settings.Mode;
        bool isShared = settings.Cache == SluiceCacheMode.Shared;
        if (FileUri.Is(source))
        {
            FileUri uri = FileUri.Parse(source);
            source = uri.Path;
            mode = Allowed(mode, uri.Mode);
            isShared = uri.IsShared ?? isShared;
        }
        else if (source.StartsWith(DataDirectory, StringComparison.OrdinalIgnoreCase))
        {
            string folder = AppContext.GetData("DataDirectory") as string ?? AppContext.BaseDirectory;
            source = System.IO.Path.Combine(folder, source[DataDirectory.Length..].TrimStart('/'));
        }

        if (mode != SluiceOpenMode.Memory && source != DatabaseOptions.MemoryPath)
        {
            return new DataLocation(source, mode, null);
        }

        return new DataLocation(
            DatabaseOptions.MemoryPath,
            mode == SluiceOpenMode.Memory ? SluiceOpenMode.ReadWriteCreate : mode,
            isShared ? source : null);
    }

    /// <summary>A URI may ask for less than the connection string's mode, not for more ("URI Filenames", sqlite.org/uri.html, section 3.3).</summary>
    private static SluiceOpenMode Allowed(SluiceOpenMode mode, FileUriMode? asked)
    {
        SluiceOpenMode wanted = asked switch
        {
            FileUriMode.ReadWriteCreate => SluiceOpenMode.ReadWriteCreate,
            FileUriMode.ReadWrite => SluiceOpenMode.ReadWrite,
            FileUriMode.ReadOnly => SluiceOpenMode.ReadOnly,
            FileUriMode.Memory => SluiceOpenMode.Memory,
            _ => mode,
        };
        return wanted >= mode
            ? wanted
            : throw new SluiceException(ResultCode.Permission, $"access mode not allowed: the URI asks for {wanted}, and the connection string's Mode is {mode}");
    }
}
