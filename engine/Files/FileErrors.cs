using System.Runtime.InteropServices;
using static Sluice.Engine.Files.NativeMethods;

namespace Sluice.Engine.Files;

/// <summary>Turns the operating system's error numbers into errors that name the file, what was tried and why it failed.</summary>
internal static class FileErrors
{
    /// <summary>The error of the last call on this thread while opening <paramref name="path"/>.</summary>
    public static SluiceException Opening(string path, int errno)
    {
        string? folder = Path.GetDirectoryName(path);
        string reason = errno == Errno.NoEntry && folder is { Length: > 0 } && !Directory.Exists(folder)
            ? $"no such folder: {folder}"
            : Reason(errno);
        ResultCode code = errno is Errno.NoSpace or Errno.QuotaExceeded ? ResultCode.Full : ResultCode.CannotOpen;
        return new SluiceException(code, $"{path}: unable to open database file: {reason}");
    }

    /// <summary>The error of a call on an open file; out of space has a code of its own.</summary>
    public static SluiceException Using(string path, string action, int errno, ResultCode code)
    {
        ResultCode actual = errno switch
        {
            Errno.NoSpace or Errno.QuotaExceeded or Errno.FileTooLarge => ResultCode.Full,
            Errno.ReadOnlyFileSystem => ResultCode.ReadOnly,
            _ => code,
        };
        return new SluiceException(actual, $"{path}: cannot {action}: {Reason(errno)}");
    }

    private static string Reason(int errno) => Marshal.GetPInvokeErrorMessage(errno);
}
