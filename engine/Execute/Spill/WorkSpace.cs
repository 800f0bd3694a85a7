using System.Globalization;
using Sluice.Engine.Files;

namespace Sluice.Engine.Execute.Spill;

/// <summary>
/// How many bytes of rows an operator keeps in memory, and where it puts aside what is more: a file beside the database that loses its name as soon as it is
/// open, so it ends with the statement or with the process.
/// </summary>
internal sealed class WorkSpace(FileSystem files, string path, Func<long> memoryLimitBytes)
{
    /// <summary>What one sort or grouping may take of PRAGMA memory_limit, which bounds what is written, too.</summary>
    private const int ShareOfLimit = 4;

    private static long s_files;

    public long BudgetBytes => memoryLimitBytes() / ShareOfLimit;

    /// <exception cref="SluiceException">CannotOpen or Full.</exception>
    public EngineFile Open()
    {
        string name = string.Create(CultureInfo.InvariantCulture, $"{path}-rows.{Environment.ProcessId}.{Interlocked.Increment(ref s_files)}");
        EngineFile file = files.Open(name, FileAccessMode.CreateOrOpen);
        try
        {
            files.Delete(name);
        }
        catch
        {
            file.Dispose();
            throw;
        }

        return file;
    }
}
