using System.Text;

namespace Sluice.Gateway.Cli.Sql;

/// <summary>
/// What was typed before, oldest first, kept in a file: one entry a line, line breaks in it written as \n and backslashes as \\. Each entry is
/// appended when it is made, so shells that run at the same time all keep theirs; the file is cut when a shell begins.
/// </summary>
internal sealed class History
{
    /// <summary>Entries that are remembered; older ones are forgotten.</summary>
    public const int Most = 2000;

    /// <summary>A longer entry, such as a pasted script, is only remembered for the session.</summary>
    private const int LongestKept = 16 * 1024;

    private readonly List<string> _entries = [];
    private readonly string? _file;

    /// <param name="file">Where it is kept, or null to remember only for the session.</param>
    public History(string? file)
    {
        _file = file;
    }

    public IReadOnlyList<string> Entries => _entries;

    /// <summary>Why it cannot be kept, or null.</summary>
    public string? Failure { get; private set; }

    /// <summary>$XDG_STATE_HOME/sluice/sql_history, by default in ~/.local/state; null if there is no home.</summary>
    public static string? DefaultFile
    {
        get
        {
            string? state = Environment.GetEnvironmentVariable("XDG_STATE_HOME");
            if (string.IsNullOrEmpty(state) || !Path.IsPathRooted(state))
            {
                string? home = Environment.GetEnvironmentVariable("HOME");
                state = string.IsNullOrEmpty(home) ? null : Path.Combine(home, ".local", "state");
            }

            return state is null ? null : Path.Combine(state, "sluice", "sql_history");
        }
    }

    /// <summary>Reads the file, and cuts it if it has grown to twice what is remembered.</summary>
    public void Load()
    {
        if (_file is null || !File.Exists(_file))
        {
            return;
        }

        Try(() =>
        {
            string[] lines = File.ReadAllLines(_file);
            _entries.AddRange(lines.TakeLast(Most).Select(Unescaped));
            if (lines.Length > 2 * Most)
            {
                string next = $"{_file}.{Environment.ProcessId}";
                using (StreamWriter writer = Private(next, FileMode.Create))
                {
                    foreach (string line in lines.TakeLast(Most))
                    {
                        writer.Write(line + "\n");
                    }
                }

                File.Move(next, _file, overwrite: true);
            }
        });
    }

    /// <summary>Remembers an entry, unless it is empty or as the last.</summary>
    public void Add(string entry)
    {
        if (string.IsNullOrWhiteSpace(entry) || (_entries.Count > 0 && _entries[^1] == entry))
        {
            return;
        }

        _entries.Add(entry);
        if (_entries.Count > Most)
        {
            _entries.RemoveAt(0);
        }

        if (_file is not null && Failure is null && entry.Length <= LongestKept)
        {
            Try(() =>
            {
                _ = Directory.CreateDirectory(Path.GetDirectoryName(_file)!, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
                using StreamWriter writer = Private(_file, FileMode.Append);
                writer.Write(Escaped(entry) + "\n");
            });
        }
    }

    /// <summary>The place of the newest entry before a place that contains a text, or -1.</summary>
    public int Find(string text, int before)
    {
        for (int i = Math.Min(before, _entries.Count) - 1; i >= 0; i--)
        {
            if (_entries[i].Contains(text, StringComparison.OrdinalIgnoreCase))
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>Statements may have secrets in them: the file is its owner's alone.</summary>
    private static StreamWriter Private(string file, FileMode mode) => new(new FileStream(file, new FileStreamOptions
    {
        Mode = mode,
        Access = FileAccess.Write,
        Share = FileShare.ReadWrite,
        UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
    }));

    private void Try(Action work)
    {
        try
        {
            work();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Failure = error.Message;
        }
    }

    private static string Escaped(string entry) => entry.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);

    private static string Unescaped(string line)
    {
        StringBuilder entry = new();
        for (int i = 0; i < line.Length; i++)
        {
            bool isEscape = line[i] == '\\' && i + 1 < line.Length;
            _ = entry.Append(!isEscape ? line[i] : line[++i] == 'n' ? '\n' : line[i]);
        }

        return entry.ToString();
    }
}
