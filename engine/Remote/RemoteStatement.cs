using Sluice.Engine.Format;
using Sluice.Engine.Plan;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Remote;

/// <summary>
/// A statement of a <see cref="RemoteSession"/>. It is parsed here, prepared at the owner with its first run, so that one round trip runs it, and its
/// rows come in batches: the first with the run, each further one when the one before is used up.
/// </summary>
internal sealed class RemoteStatement : IStatement
{
    private readonly RemoteSession _session;
    private readonly StatementNode _node;
    private readonly byte[] _sql;
    private readonly uint _handle;
    private readonly SqlValue[] _parameters;

    private StatementDescription? _description;
    private bool _isKnown;

    // One run.
    private bool _started;
    private bool _more;
    private FrameReader _batch;
    private bool _hasBatch;
    private int _rowsLeft;
    private SqlValue[] _row = [];

    public RemoteStatement(RemoteSession session, StatementNode node, byte[] sql)
    {
        _session = session;
        _node = node;
        _sql = sql;
        _handle = session.NewHandle();
        _parameters = new SqlValue[node.Parameters.Count];
    }

    public IReadOnlyList<ResultColumnDescription> Columns => _description?.Columns ?? [];

    public bool IsReadOnly => _description?.IsReadOnly ?? true;

    public long Changes { get; private set; }

    public int ParameterCount => _parameters.Length;

    public string? ParameterName(int number) => _node.Parameters[number - 1];

    public void Bind(int number, in SqlValue value)
    {
        if (number < 1 || number > _parameters.Length)
        {
            throw new SluiceException(ResultCode.Range, $"parameter {number} is not among the statement's {_parameters.Length}");
        }

        if (_started)
        {
            throw new SluiceException(ResultCode.Misuse, "a parameter was bound while the statement runs; reset it first");
        }

        _parameters[number - 1] = value;
    }

    public void ClearBindings() => Array.Clear(_parameters);

    public async ValueTask DescribeAsync(bool async)
    {
        FrameWriter request = _session.Begin(FrameType.Describe);
        Refer(request);
        FrameReader body = await _session.AskAsync(request, FrameType.Described, Stake.Nothing, async).ConfigureAwait(false);
        _description = _session.Decode(ref body, static (ref FrameReader body) => StatementDescription.Read(ref body));
        _isKnown = true;
    }

    public bool Step() => Data.Completed.Result(StepAsync(async: false));

    public ValueTask<bool> StepAsync() => StepAsync(async: true);

    public SqlValue Column(int index) => _row[index];

    /// <summary>Ends the run; the owner must be told only if it has rows left.</summary>
    public void Reset()
    {
        bool tell = _more && !_session.HasEnded;
        _started = false;
        _more = false;
        _hasBatch = false;
        _rowsLeft = 0;
        _batch = default;
        if (tell)
        {
            FrameWriter request = _session.Begin(FrameType.Reset);
            request.UInt32(_handle);
            _ = Data.Completed.Result(_session.AskAsync(request, FrameType.Done, Stake.Nothing, async: false));
        }
    }

    public void Dispose()
    {
        _started = false;
        _more = false;
        if (_isKnown)
        {
            _isKnown = false;
            _session.Release(_handle);
        }
    }

    private async ValueTask<bool> StepAsync(bool async)
    {
        if (!_started)
        {
            await RunAsync(async).ConfigureAwait(false);
        }

        while (_rowsLeft == 0)
        {
            EndBatch();
            if (!_more)
            {
                return false;
            }

            FrameWriter request = _session.Begin(FrameType.Fetch);
            request.UInt32(_handle);
            _more = false;
            TakeHead(await _session.AskAsync(request, FrameType.Rows, Stake.Nothing, async).ConfigureAwait(false));
        }

        TakeRow();
        return true;
    }

    private async ValueTask RunAsync(bool async)
    {
        FrameWriter request = _session.Begin(FrameType.Run);
        Refer(request);
        request.Values(_parameters);
        _started = true;
        try
        {
            TakeHead(await _session.AskAsync(request, FrameType.Rows, StakeOfRun(), async).ConfigureAwait(false));
            _isKnown = true;
            if (_node is PragmaStatement { Value: not null, Explain: ExplainKind.None } pragma)
            {
                _session.Remember(pragma.Name.Name, _sql);
            }
        }
        catch
        {
            _started = false;
            throw;
        }
    }

    private void Refer(FrameWriter request) => _session.Refer(request, _handle, _isKnown ? null : _sql);

    private Stake StakeOfRun()
    {
        if (_node.Explain != ExplainKind.None)
        {
            return Stake.Nothing;
        }

        bool commits = _node switch
        {
            CommitStatement or ReleaseStatement => _session.HasWrites,
            SelectStatement or BeginStatement or SavepointStatement or RollbackStatement or PragmaStatement { Value: null } => false,
            _ => !_session.InTransaction,
        };
        return commits ? Stake.Commit : Stake.Nothing;
    }

    private void TakeHead(FrameReader body)
    {
        try
        {
            BatchHead head = BatchHead.Read(ref body);
            _session.Take(head.State);
            Changes = head.Changes;
            if (head.Description is { } description)
            {
                _description = description;
                _row = new SqlValue[description.Columns.Count];
            }
            else if (_row.Length != Columns.Count)
            {
                _row = new SqlValue[Columns.Count];
            }

            _more = head.More;
            _rowsLeft = (int)body.UInt32();
            _batch = body;
            _hasBatch = true;
        }
        catch (ProtocolException error)
        {
            throw _session.Nonsense(error);
        }
    }

    private void TakeRow()
    {
        try
        {
            for (int i = 0; i < _row.Length; i++)
            {
                _row[i] = _batch.Value();
            }
        }
        catch (ProtocolException error)
        {
            throw _session.Nonsense(error);
        }

        _rowsLeft--;
    }

    /// <summary>Behind the rows: the error that ended them, or nothing.</summary>
    private void EndBatch()
    {
        if (!_hasBatch)
        {
            return;
        }

        _hasBatch = false;
        try
        {
            if (_batch.Flag())
            {
                throw ErrorMessage.Read(ref _batch);
            }

            _batch.End();
        }
        catch (ProtocolException error)
        {
            throw _session.Nonsense(error);
        }
    }
}
