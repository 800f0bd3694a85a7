namespace Sluice.Gateway.Hosting;

/// <summary>The folder of the database, made and tried before anything is opened, so that what is wrong with it is said plainly.</summary>
internal static class DataFolder
{
    /// <exception cref="GatewayException">The folder cannot be made or written.</exception>
    public static void Prepare(string folder)
    {
        if (File.Exists(folder))
        {
            throw new GatewayException($"the data folder {folder} is a file; name the folder that holds gateway.db with gateway.data or --data");
        }

        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Wrong(folder, "cannot be made", e);
        }

        string probe = Path.Combine(folder, $".sluice-{Environment.ProcessId}");
        try
        {
            File.WriteAllBytes(probe, []);
            File.Delete(probe);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Wrong(folder, "cannot be written", e);
        }
    }

    private static GatewayException Wrong(string folder, string what, Exception e) =>
        new($"the data folder {folder} {what}: {e.Message.TrimEnd('.')}; see to its owner and rights (user {Environment.UserName}), or choose another with gateway.data or --data", e);
}
