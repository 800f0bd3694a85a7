using System.Diagnostics;

namespace Sluice.Gateway.Cli.Sql;

/// <summary>The file or program that records come from.</summary>
internal sealed class ImportSource : IDisposable
{
    private readonly ImportOptions _options;
    private Process? _program;
    private Stream? _stream;

    public ImportSource(ImportOptions options)
    {
        _options = options;
    }

    /// <summary>Whether it can be read twice, so that all of it can be looked at before the first record is stored.</summary>
    public bool IsFile => !_options.File.StartsWith('|');

    /// <summary>Bytes, or 0 if that is not known.</summary>
    public long Length => _stream is FileStream { CanSeek: true } file ? file.Length : 0;

    /// <summary>Begins to read, from the first record that is not skipped.</summary>
    public CsvReader Open()
    {
        Dispose();
        try
        {
            _program = IsFile ? null : ShellCommand.Start(_options.File[1..], redirectOutput: true);
            _stream = _program?.StandardOutput.BaseStream ?? new FileStream(_options.File, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ShellException($"cannot read \"{_options.File}\": {error.Message}", error);
        }

        CsvReader reader = new(_stream, _options.Separator, _options.RecordEnd, _options.Encoding);
        for (long skipped = 0; skipped < _options.Skip && reader.Read(keepEmpty: true); skipped++)
        {
        }

        return reader;
    }

    public void Dispose()
    {
        _stream?.Dispose();
        _program?.Dispose();
        _stream = null;
        _program = null;
    }
}
