using System.Diagnostics.CodeAnalysis;

namespace Sluice.Engine.Files;

/// <summary>The <c>mode</c> of a <see cref="FileUri"/>, from the most that it may do to the least; in memory instead of in a file.</summary>
internal enum FileUriMode
{
    ReadWriteCreate,
    ReadWrite,
    ReadOnly,
    Memory,
}

/// <summary>
/// The name of a file as a URI, <c>file:path?mode=ro&amp;cache=shared</c> ("Uniform Resource Identifiers", sqlite.org/uri.html). What the other
/// parameters ask for (vfs, nolock, immutable, psow, modeof) is not here, and so they are refused rather than passed over.
/// </summary>
/// <param name="Path">The path, decoded; may be empty or <see cref="DatabaseOptions.MemoryPath"/>.</param>
/// <param name="Mode">How it is to be opened, where the URI says so.</param>
/// <param name="IsShared">Whether a database in memory is shared under its name, where the URI says so; files always are.</param>
internal sealed record FileUri(string Path, FileUriMode? Mode, bool? IsShared)
{
    private const string Scheme = "file:";

    /// <summary>Whether it is a database in memory.</summary>
    public bool IsMemory => Mode == FileUriMode.Memory || Path == DatabaseOptions.MemoryPath;

    /// <summary>The name under which a database in memory is shared, or null.</summary>
    public string? MemoryName => IsMemory && IsShared == true ? Path : null;

    public static bool Is(string name) => name.StartsWith(Scheme, StringComparison.Ordinal);

    /// <exception cref="SluiceException">Error: what in the URI is not understood.</exception>
    public static FileUri Parse(string text) =>
        TryParse(text, out FileUri? uri, out string? error) ? uri : throw new SluiceException(ResultCode.Error, error);

    /// <param name="text">For which <see cref="Is"/>.</param>
    /// <param name="uri">The URI.</param>
    /// <param name="error">What is not understood, in SQLite's words where it has some.</param>
    public static bool TryParse(string text, [NotNullWhen(true)] out FileUri? uri, [NotNullWhen(false)] out string? error)
    {
        uri = null;
        string rest = text[Scheme.Length..].Split('#')[0];
        string[] parts = rest.Split('?', 2);
        string path = parts[0];
        if (path.StartsWith("//", StringComparison.Ordinal))
        {
            int end = path.IndexOf('/', 2);
            string authority = end < 0 ? path[2..] : path[2..end];
            if (authority is not ("" or "localhost"))
            {
                error = $"invalid uri authority: {authority}";
                return false;
            }

            path = end < 0 ? "" : path[end..];
        }

        path = Uri.UnescapeDataString(path);
        if (path.Contains('\0'))
        {
            error = $"the path of {text} has a zero byte";
            return false;
        }

        return TryParameters(path, parts.Length > 1 ? parts[1] : "", out uri, out error);
    }

    private static bool TryParameters(string path, string query, [NotNullWhen(true)] out FileUri? uri, [NotNullWhen(false)] out string? error)
    {
        uri = null;
        FileUriMode? mode = null;
        bool? isShared = null;
        foreach (string parameter in query.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] pair = parameter.Split('=', 2);
            string name = Uri.UnescapeDataString(pair[0]);
            string value = pair.Length > 1 ? Uri.UnescapeDataString(pair[1]) : "";
            error = (name, value) switch
            {
                ("mode", "ro" or "rw" or "rwc" or "memory") or ("cache", "shared" or "private") => null,
                ("mode", _) => $"no such access mode: {value}",
                ("cache", _) => $"no such cache mode: {value}",
                _ => $"the parameter '{name}' of a file: URI is not supported; mode and cache are",
            };
            if (error is not null)
            {
                return false;
            }

            if (name == "cache")
            {
                isShared = value == "shared";
                continue;
            }

            mode = value switch
            {
                "ro" => FileUriMode.ReadOnly,
                "rw" => FileUriMode.ReadWrite,
                "rwc" => FileUriMode.ReadWriteCreate,
                _ => FileUriMode.Memory,
            };
        }

        uri = new FileUri(path, mode, isShared);
        error = null;
        return true;
    }
}
