using System.Net.Sockets;
using Sluice.Engine.Data;
using Sluice.Engine.Tests.Data;
using Sluice.Engine.Tests.Files;

namespace Sluice.Engine.Tests.Remote;

/// <summary>The socket beside the file, and what happens when its owner goes.</summary>
public sealed class OwnerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Path => _folder.File("t.db");

    private string SocketPath => Path + "-sock";

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_client_sees_what_the_owner_commits_and_the_owner_what_the_client_does()
    {
        using SluiceConnection owner = Open(Path, "CREATE TABLE t(id INTEGER PRIMARY KEY, v)");
        using SluiceConnection client = Open(Path + ";Sharing=Client");
        owner.Run("INSERT INTO t(v) VALUES('owner')");
        Assert.Equal("owner", client.Scalar("SELECT v FROM t"));
        client.Run("INSERT INTO t(v) VALUES('client')");
        Assert.Equal([1L, 2L], owner.Ids());
        Assert.True(client.IsLive);
        Assert.Equal(2, client.LastInsertRowid);
        Assert.Equal(owner.Statistics.Commits, client.Statistics.Commits);
        Assert.Equal(3, client.GetStableHorizon("t"));
    }

    [Theory]
    [InlineData(UnixFileMode.UserRead | UnixFileMode.UserWrite)]
    [InlineData(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead)]
    public void The_socket_has_the_files_permissions(UnixFileMode mode)
    {
        File.Create(Path).Dispose();
        File.SetUnixFileMode(Path, mode);
        using SluiceConnection owner = Open(Path);
        Assert.Equal(mode, File.GetUnixFileMode(SocketPath));
    }

    [Fact]
    public void A_socket_that_a_crash_left_is_replaced_and_gone_at_the_end()
    {
        using (Socket crashed = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            // Under another name when it is disposed, so that it stays.
            crashed.Bind(new UnixDomainSocketEndPoint(_folder.File("crashed")));
            File.Move(_folder.File("crashed"), SocketPath);
        }

        using (SluiceConnection owner = Open(Path, "CREATE TABLE t(id INTEGER PRIMARY KEY)"))
        {
            Assert.Null(owner.SharingFailure);
            using SluiceConnection client = Open(Path + ";Sharing=Client");
            Assert.Equal(0L, client.Scalar("SELECT count(*) FROM t"));
        }

        Assert.False(File.Exists(SocketPath));
    }

    [Fact]
    public void A_file_with_the_sockets_name_is_left_alone_and_said()
    {
        File.WriteAllText(SocketPath, "mine");
        using (SluiceConnection owner = Open(Path, "CREATE TABLE t(id INTEGER PRIMARY KEY)"))
        {
            Assert.Contains(SocketPath, owner.SharingFailure, StringComparison.Ordinal);
            Assert.Equal(0L, owner.Scalar("SELECT count(*) FROM t"));
        }

        Assert.Equal("mine", File.ReadAllText(SocketPath));
    }

    [Fact]
    public void A_path_too_long_for_a_sockets_address_works_all_the_same()
    {
        string deep = Directory.CreateDirectory(System.IO.Path.Combine(_folder.Path, new string('d', 120))).FullName;
        string path = System.IO.Path.Combine(deep, "t.db");
        using (SluiceConnection owner = Open(path, "CREATE TABLE t(id INTEGER PRIMARY KEY)"))
        {
            Assert.Null(owner.SharingFailure);
            using SluiceConnection client = Open(path + ";Sharing=Client");
            client.Run("INSERT INTO t VALUES(7)");
            Assert.Equal([7L], owner.Ids());
        }

        Assert.Equal(["t.db"], Directory.GetFiles(deep).Select(System.IO.Path.GetFileName));
    }

    [Fact]
    public void A_name_too_long_for_a_socket_says_so_and_the_file_works_alone()
    {
        string path = _folder.File(new string('n', 120));
        using SluiceConnection owner = Open(path, "CREATE TABLE t(id INTEGER PRIMARY KEY)");
        Assert.Contains("too long", owner.SharingFailure, StringComparison.Ordinal);
    }

    [Fact]
    public void Sharing_off_makes_no_socket_and_a_client_is_told()
    {
        using SluiceConnection owner = Open(Path + ";Sharing=Off", "CREATE TABLE t(id INTEGER PRIMARY KEY)");
        Assert.False(File.Exists(SocketPath));
        SluiceException error = Assert.Throws<SluiceException>(() => Open(Path + ";Sharing=Client;Busy Timeout=50"));
        Assert.Equal(ResultCode.CannotOpen, error.Code);
    }

    [Fact]
    public void When_the_owner_closes_an_open_transaction_fails_as_retryable_and_a_new_owner_takes_over()
    {
        SluiceConnection owner = Open(Path, "CREATE TABLE t(id INTEGER PRIMARY KEY)");
        using SluiceConnection client = Open(Path + ";Sharing=Client");
        SluiceTransaction transaction = client.BeginTransaction(SluiceTransactionMode.Concurrent);
        client.Run("INSERT INTO t VALUES(1)");
        owner.Dispose();
        SluiceException error = Assert.Throws<SluiceException>(() => client.Run("INSERT INTO t VALUES(2)"));
        Assert.Equal(ResultCode.BusyOwnerEnded, error.Code);
        Assert.True(error.IsTransient);
        Assert.Contains("the transaction was rolled back", error.Message, StringComparison.Ordinal);
        Assert.False(client.InTransaction);
        transaction.Dispose();

        using SluiceConnection next = Open(Path);
        client.Run("INSERT INTO t VALUES(3)");
        Assert.Equal([3L], next.Ids());
    }

    [Fact]
    public void When_the_owner_closes_an_idle_client_does_not_notice_once_there_is_another()
    {
        SluiceConnection owner = Open(Path, "CREATE TABLE t(id INTEGER PRIMARY KEY)");
        using SluiceConnection client = Open(Path + ";Sharing=Client");
        using SluiceCommand insert = client.CreateCommand("INSERT INTO t VALUES(NULL)");
        insert.ExecuteNonQuery();
        owner.Dispose();
        using SluiceConnection next = Open(Path);
        insert.ExecuteNonQuery();
        Assert.Equal([1L, 2L], next.Ids());
    }

    [Fact]
    public void The_connections_settings_outlive_its_owner()
    {
        SluiceConnection owner = Open(Path, "CREATE TABLE p(id INTEGER PRIMARY KEY); CREATE TABLE c(p REFERENCES p(id))");
        using SluiceConnection client = Open(Path + ";Sharing=Client");
        client.Run("PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 123");
        owner.Dispose();
        using SluiceConnection next = Open(Path);
        Assert.Equal(123L, client.Scalar("PRAGMA busy_timeout"));
        Assert.Equal(ResultCode.ConstraintForeignKey, Assert.Throws<SluiceException>(() => client.Run("INSERT INTO c VALUES(1)")).Code);
        Assert.Equal(0L, next.Scalar("PRAGMA foreign_keys"));
    }

    [Fact]
    public void An_open_reader_gives_what_it_has_and_then_says_that_the_owner_ended()
    {
        SluiceConnection owner = Open(Path);
        using SluiceConnection client = Open(Path + ";Sharing=Client");
        using SluiceCommand command = client.CreateCommand(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000) SELECT i, 'some text to fill batches' FROM n");
        using SluiceDataReader reader = command.ExecuteReader();
        Assert.True(reader.Read());
        owner.Dispose();
        SluiceException error = Assert.Throws<SluiceException>(() =>
        {
            while (reader.Read())
            {
            }
        });
        Assert.Equal(ResultCode.BusyOwnerEnded, error.Code);
    }

    [Fact]
    public void A_client_that_goes_has_its_transaction_rolled_back_and_its_lock_freed()
    {
        using SluiceConnection owner = Open(Path, "CREATE TABLE t(id INTEGER PRIMARY KEY)");
        SluiceConnection client = Open(Path + ";Sharing=Client");
        client.Run("BEGIN IMMEDIATE; INSERT INTO t VALUES(1)");
        client.Dispose();
        owner.Run("BEGIN IMMEDIATE; INSERT INTO t VALUES(2); COMMIT");
        Assert.Equal([2L], owner.Ids());
    }

    [Fact]
    public async Task A_long_statement_of_a_client_that_goes_is_interrupted()
    {
        using SluiceConnection owner = Open(Path);
        SluiceConnection client = Open(Path + ";Sharing=Client");
        using SluiceCommand endless = client.CreateCommand("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n");
        Task<object?> running = Task.Run(endless.ExecuteScalar);
        await UntilAsync(() => owner.Statistics.ActiveTransactions == 1);
        endless.Cancel();
        Assert.Equal(ResultCode.Interrupt, (await Assert.ThrowsAsync<SluiceException>(() => running)).Code);
        Assert.Equal(1L, client.Scalar("SELECT 1"));
        client.Dispose();
        await UntilAsync(() => owner.Statistics.ActiveTransactions == 0);
    }

    [Fact]
    public void Every_way_to_spoil_a_frame_ends_that_connection_only()
    {
        using SluiceConnection owner = Open(Path, "CREATE TABLE t(id INTEGER PRIMARY KEY)");
        using SluiceConnection client = Open(Path + ";Sharing=Client");
        byte[][] spoiled =
        [
            [],
            [0],
            "GET / HTTP/1.1\r\n\r\n"u8.ToArray(),
            [0xff, 0xff, 0xff, 0xff, 1, 0, 0, 0, 1],
            [0, 0, 0, 0, 1, 0, 0, 0, 1],
            [0, 0, 0, 5, 3, 0, 0, 0, 1],
            [0, 0, 0, 9, 1, 0, 0, 0, 1, 1, 2, 3, 4],
        ];
        foreach (byte[] bytes in spoiled)
        {
            using Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { ReceiveTimeout = 5000 };
            socket.Connect(new UnixDomainSocketEndPoint(SocketPath));
            _ = socket.Send(bytes);
            socket.Shutdown(SocketShutdown.Send);
            Assert.Equal(0, socket.Receive(new byte[64]));
        }

        client.Run("INSERT INTO t VALUES(1)");
        Assert.Equal([1L], owner.Ids());
    }

    private static SluiceConnection Open(string source, string? setUp = null)
    {
        SluiceConnection connection = new($"Data Source={source}");
        connection.Open();
        if (setUp is not null)
        {
            connection.Run(setUp);
        }

        return connection;
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        for (int i = 0; !condition(); i++)
        {
            Assert.True(i < 1000, "not within 10 s");
            await Task.Delay(10);
        }
    }
}
