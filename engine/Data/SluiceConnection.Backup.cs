using Sluice.Engine.Execute.Ddl;
using Sluice.Engine.Transactions;

namespace Sluice.Engine.Data;

/// <summary>How far a backup is, in bytes of rows and keys.</summary>
/// <param name="BytesCopied">At the end, all of them.</param>
/// <param name="BytesTotal">Estimated by the size of the file, until the end.</param>
public readonly record struct SluiceBackupProgress(long BytesCopied, long BytesTotal);

/// <content>Backups.</content>
public sealed partial class SluiceConnection
{
    /// <summary>
    /// Writes a copy of what is committed at this moment into a new file, while others go on writing. The copy is packed and needs no log. Through
    /// another process it is that process that writes the file, and there is no progress until the end.
    /// </summary>
    /// <param name="path">A file that is not there yet, or is empty. If the backup fails or is cancelled, the file is removed.</param>
    /// <param name="progress">Told about each MiB on this thread, and at the end.</param>
    /// <param name="cancellationToken">Ends the backup.</param>
    /// <exception cref="SluiceException">The file is there already or cannot be written.</exception>
    public void BackupDatabase(string path, IProgress<SluiceBackupProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string file = Path.GetFullPath(path);
        if (Session is Session own)
        {
            Copy(own, progress, cancellationToken, (source, tell) => DatabaseCopy.ToFile(source, file, own.BusyTimeout, tell));
            return;
        }

        using SluiceCommand command = CreateCommand("VACUUM INTO @path");
        command.CommandTimeout = 0;
        command.Parameters.AddWithValue("@path", file);
        command.ExecuteNonQuery(cancellationToken);
        long size = new FileInfo(file).Length;
        progress?.Report(new SluiceBackupProgress(size, size));
    }

    /// <summary>
    /// Puts a copy of what is committed at this moment in the place of all that is in another connection's database, in one transaction: of use for a
    /// database in memory, whose pages take memory until then, or to restore one from a backup.
    /// </summary>
    /// <param name="destination">Open on a database of this process, and not in a transaction.</param>
    /// <param name="progress">As for a file.</param>
    /// <param name="cancellationToken">Ends the backup; the destination stays as it was.</param>
    /// <exception cref="NotSupportedException">One of the two connections works through another process: make a file instead.</exception>
    public void BackupDatabase(SluiceConnection destination, IProgress<SluiceBackupProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(destination);
        if (Session is not Session own || destination.Session is not Session target)
        {
            throw new NotSupportedException("A connection that works through another process has no part in a backup into a connection: make a file instead.");
        }

        if (ReferenceEquals(own.Database, target.Database))
        {
            throw new InvalidOperationException("The source and the destination of the backup are the same database.");
        }

        if (target.InTransaction)
        {
            throw new InvalidOperationException("A transaction is open on the destination of the backup: end it first.");
        }

        target.RequireWritable();
        destination.Gate.Enter(command: null);
        try
        {
            Copy(own, progress, cancellationToken, (source, tell) => DatabaseCopy.Into(source, target.Database.Store, target.BusyTimeout, tell));
        }
        finally
        {
            destination.Gate.Exit();
        }
    }

    private void Copy(Session session, IProgress<SluiceBackupProgress>? progress, CancellationToken cancellationToken, Action<Transaction, Action<long>> copy)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Gate.Enter(command: null);
        try
        {
            using Transaction source = session.Database.Store.Begin(TransactionKind.Deferred, session.BusyTimeout);
            long total = (long)source.Pages.PageCount * source.Pages.PageSize;
            copy(
                source,
                bytes =>
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    progress?.Report(new SluiceBackupProgress(Math.Min(bytes, total), total));
                });
            progress?.Report(new SluiceBackupProgress(total, total));
        }
        finally
        {
            Gate.Exit();
        }
    }
}
