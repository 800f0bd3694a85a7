using System.Data.Common;

namespace Sluice.Engine.Data;

/// <summary>Makes the provider's objects for code that knows only System.Data.Common.</summary>
public sealed class SluiceFactory : DbProviderFactory
{
    /// <summary>The one instance; DbProviderFactories looks for a public field of this name.</summary>
    public static readonly SluiceFactory Instance = new();

    private SluiceFactory()
    {
    }

    public override bool CanCreateBatch => true;

    public override DbConnection CreateConnection() => new SluiceConnection();

    public override DbCommand CreateCommand() => new SluiceCommand();

    public override DbParameter CreateParameter() => new SluiceParameter();

    public override DbBatch CreateBatch() => new SluiceBatch();

    public override DbBatchCommand CreateBatchCommand() => new SluiceBatchCommand();

    public override DbDataSource CreateDataSource(string connectionString) => new SluiceDataSource(connectionString);

    public override DbConnectionStringBuilder CreateConnectionStringBuilder() => new SluiceConnectionStringBuilder();
}
