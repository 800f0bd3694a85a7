using Sluice.Engine.Data;
using Sluice.Engine.Tests.Data;

namespace Sluice.Engine.Tests.Remote;

// The provider's own tests once more, on connections that work through the process that owns the file.

public sealed class CommandsThroughOwner : CommandTests
{
    public CommandsThroughOwner() => Providers.UseOwner();
}

public sealed class ParametersThroughOwner : ParameterTests
{
    public ParametersThroughOwner() => Providers.UseOwner();
}

public sealed class ReadersThroughOwner : ReaderTests
{
    public ReadersThroughOwner() => Providers.UseOwner();
}

public sealed class TransactionsThroughOwner : TransactionTests
{
    public TransactionsThroughOwner() => Providers.UseOwner();
}

public sealed class AppendersThroughOwner : AppenderTests
{
    public AppendersThroughOwner() => Providers.UseOwner();
}

public sealed class ScriptsThroughOwner : ScriptTests
{
    public ScriptsThroughOwner() => Providers.UseOwner();
}

public sealed class ConcurrencyThroughOwner : ConcurrencyTests
{
    private readonly SluiceConnection _owner;

    public ConcurrencyThroughOwner()
    {
        _owner = new SluiceConnection(OwnSettings);
        _owner.Open();
    }

    protected override string Settings => OwnSettings + ";Sharing=Client";

    public override void Dispose()
    {
        _owner.Dispose();
        base.Dispose();
    }
}

public sealed class SchemaThroughOwner : SchemaTests
{
    public SchemaThroughOwner() => Providers.UseOwner();
}

public sealed class DapperQueriesThroughOwner : DapperQueryTests
{
    public DapperQueriesThroughOwner() => Providers.UseOwner();
}

public sealed class DapperParametersThroughOwner : DapperParameterTests
{
    public DapperParametersThroughOwner() => Providers.UseOwner();
}

public sealed class DapperTransactionsThroughOwner : DapperTransactionTests
{
    public DapperTransactionsThroughOwner() => Providers.UseOwner();
}
