using System.Text;
using Sluice.Gateway.Hosting;

namespace Sluice.Gateway.Mqtt.Security;

/// <summary>
/// The users that may log in with a password: a text file with a line <c>NAME:HASH</c> for each (<see cref="PasswordHash"/>), comments after <c>#</c>.
/// <c>sluice user</c> keeps it; the broker reads it anew when it has changed.
/// </summary>
public sealed class UserFile
{
    private const string Heading = "# Users of the MQTT broker. Kept by 'sluice user add', 'remove' and 'list'; the broker notices changes.";

    private readonly SortedDictionary<string, PasswordHash> _users;

    private UserFile(SortedDictionary<string, PasswordHash> users)
    {
        _users = users;
    }

    public IReadOnlyCollection<string> Names => _users.Keys;

    /// <summary>A file without users.</summary>
    public static UserFile Empty() => new(new SortedDictionary<string, PasswordHash>(StringComparer.Ordinal));

    /// <exception cref="GatewayException">It cannot be read, or a line is wrong: names the line.</exception>
    public static UserFile Read(string path)
    {
        string[] lines;
        try
        {
            lines = File.ReadAllLines(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            string what = e is FileNotFoundException or DirectoryNotFoundException
                ? "there is no such file; make it with 'sluice user add NAME --file FILE'"
                : e.Message;
            throw new GatewayException($"users file {path}: {what}", e);
        }

        UserFile file = Empty();
        for (int i = 0; i < lines.Length; i++)
        {
            string line = lines[i].Trim();
            if (line.Length == 0 || line[0] == '#')
            {
                continue;
            }

            int colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon <= 0 || PasswordHash.TryParse(line[(colon + 1)..]) is not { } hash)
            {
                throw new GatewayException($"users file {path}, line {i + 1}: is not NAME:$pbkdf2-sha512$...; set the user anew with 'sluice user add'");
            }

            if (!file._users.TryAdd(line[..colon], hash))
            {
                throw new GatewayException($"users file {path}, line {i + 1}: {line[..colon]} stands above already; remove one of the lines");
            }
        }

        return file;
    }

    /// <summary>What is wrong with a name, or null.</summary>
    public static string? WhatIsWrongWith(string name) =>
        name.Length is 0 or > 128 ? "a user's name has 1 to 128 characters"
        : name.AsSpan().ContainsAny(":#+/*\0\r\n") || name != name.Trim() ? "a user's name has none of : # + / * and no blanks at its ends"
        : null;

    public PasswordHash? Find(string name) => _users.GetValueOrDefault(name);

    /// <summary>Adds a user or sets a new password; whether the user is new.</summary>
    public bool Set(string name, PasswordHash hash)
    {
        bool isNew = !_users.ContainsKey(name);
        _users[name] = hash;
        return isNew;
    }

    /// <summary>False when there was no such user.</summary>
    public bool Remove(string name) => _users.Remove(name);

    /// <summary>Writes the file whole or not at all, readable by its owner only unless it is there with other rights.</summary>
    /// <exception cref="GatewayException">It cannot be written.</exception>
    public void Write(string path)
    {
        StringBuilder text = new();
        text.Append(Heading).Append('\n');
        foreach ((string name, PasswordHash hash) in _users)
        {
            text.Append(name).Append(':').Append(hash).Append('\n');
        }

        string fresh = $"{path}.{Environment.ProcessId}.new";
        try
        {
            UnixFileMode mode = File.Exists(path) ? File.GetUnixFileMode(path) : UnixFileMode.UserRead | UnixFileMode.UserWrite;
            FileStreamOptions options = new() { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = mode };
            using (FileStream stream = new(fresh, options))
            {
                stream.Write(Encoding.UTF8.GetBytes(text.ToString()));
                stream.Flush(flushToDisk: true);
            }

            File.Move(fresh, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            File.Delete(fresh);
            throw new GatewayException($"users file {path} cannot be written: {e.Message}", e);
        }
    }
}
