using Sluice.Engine;
using Sluice.Engine.Data;

namespace Sluice.Gateway.Cli.Sql;

/// <summary>Opens the shell's database, and says what the user should know about it.</summary>
internal static class DatabaseOpening
{
    /// <exception cref="ShellException">There is no such database; the message says what to do.</exception>
    /// <exception cref="SluiceException">It cannot be opened.</exception>
    public static SluiceConnection Open(string file, SluiceOpenMode mode, TextWriter notes)
    {
        if (Directory.Exists(file))
        {
            throw new ShellException($"{file} is a directory; name the database file in it, such as {Path.Combine(file, "gateway.db")}.");
        }

        if (mode != SluiceOpenMode.ReadWriteCreate && file != DatabaseOptions.MemoryPath && !File.Exists(file))
        {
            throw new ShellException($"{file} does not exist; give --create to make a new database.");
        }

        SluiceConnection connection = new(new SluiceConnectionStringBuilder { DataSource = file, Mode = mode }.ConnectionString);
        try
        {
            connection.Open();
        }
        catch
        {
            connection.Dispose();
            throw;
        }

        if (connection.OwnerProcessId is { } owner)
        {
            notes.WriteLine($"{file} is open in process {owner}: working through it");
        }
        else if (!connection.IsLive)
        {
            notes.WriteLine($"{file} is open in another process, which cannot be reached: answering from its last checkpoint (read-only)");
        }

        return connection;
    }
}
