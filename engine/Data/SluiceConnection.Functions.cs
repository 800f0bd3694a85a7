using Sluice.Engine.Execute.Functions;
using static Sluice.Engine.Data.UserFunctions;

namespace Sluice.Engine.Data;

/// <content>Functions and collations of the program.</content>
public sealed partial class SluiceConnection
{
    /// <summary>Kept for the next <see cref="Open"/> too.</summary>
    private FunctionSet _functions = FunctionSet.BuiltIn;

    /// <summary>
    /// Makes a function of SQL of <paramref name="function"/>, for this connection; null takes it away. It replaces one of the same name and number of
    /// arguments, but no built-in one. Arguments and result are converted as those of readers and parameters are; an exception fails the statement
    /// with its message. A deterministic function gives the same for the same arguments, and is then not called again for constants.
    /// <para>Functions of a program do not stand in definitions of tables and indexes, which other connections and recovery must understand.</para>
    /// </summary>
    /// <exception cref="NotSupportedException">The connection works through another process, where the program's code cannot run.</exception>
    /// <exception cref="InvalidOperationException">The name is that of a built-in function.</exception>
    public void CreateFunction<TResult>(string name, Func<TResult>? function, bool isDeterministic = false) =>
        AddFunction(name, 0, isDeterministic, function is null ? null : _ => function());

    /// <inheritdoc cref="CreateFunction{TResult}(string, Func{TResult}, bool)"/>
    public void CreateFunction<T1, TResult>(string name, Func<T1, TResult>? function, bool isDeterministic = false) =>
        AddFunction(name, 1, isDeterministic, function is null ? null : a => function(Argument<T1>(a, 0, name)));

    /// <inheritdoc cref="CreateFunction{TResult}(string, Func{TResult}, bool)"/>
    public void CreateFunction<T1, T2, TResult>(string name, Func<T1, T2, TResult>? function, bool isDeterministic = false) =>
        AddFunction(name, 2, isDeterministic, function is null ? null : a => function(Argument<T1>(a, 0, name), Argument<T2>(a, 1, name)));

    /// <inheritdoc cref="CreateFunction{TResult}(string, Func{TResult}, bool)"/>
    public void CreateFunction<T1, T2, T3, TResult>(string name, Func<T1, T2, T3, TResult>? function, bool isDeterministic = false) =>
        AddFunction(
            name,
            3,
            isDeterministic,
            function is null ? null : a => function(Argument<T1>(a, 0, name), Argument<T2>(a, 1, name), Argument<T3>(a, 2, name)));

    /// <inheritdoc cref="CreateFunction{TResult}(string, Func{TResult}, bool)"/>
    public void CreateFunction<T1, T2, T3, T4, TResult>(string name, Func<T1, T2, T3, T4, TResult>? function, bool isDeterministic = false) =>
        AddFunction(
            name,
            4,
            isDeterministic,
            function is null ? null : a => function(Argument<T1>(a, 0, name), Argument<T2>(a, 1, name), Argument<T3>(a, 2, name), Argument<T4>(a, 3, name)));

    /// <inheritdoc cref="CreateFunction{TResult}(string, Func{TResult}, bool)"/>
    public void CreateFunction<T1, T2, T3, T4, T5, TResult>(string name, Func<T1, T2, T3, T4, T5, TResult>? function, bool isDeterministic = false) =>
        AddFunction(
            name,
            5,
            isDeterministic,
            function is null ? null : a => function(Argument<T1>(a, 0, name), Argument<T2>(a, 1, name), Argument<T3>(a, 2, name), Argument<T4>(a, 3, name), Argument<T5>(a, 4, name)));

    /// <inheritdoc cref="CreateFunction{TResult}(string, Func{TResult}, bool)"/>
    public void CreateFunction<T1, T2, T3, T4, T5, T6, TResult>(string name, Func<T1, T2, T3, T4, T5, T6, TResult>? function, bool isDeterministic = false) =>
        AddFunction(
            name,
            6,
            isDeterministic,
            function is null ? null : a => function(Argument<T1>(a, 0, name), Argument<T2>(a, 1, name), Argument<T3>(a, 2, name), Argument<T4>(a, 3, name), Argument<T5>(a, 4, name), Argument<T6>(a, 5, name)));

    /// <inheritdoc cref="CreateFunction{TResult}(string, Func{TResult}, bool)"/>
    public void CreateFunction<T1, T2, T3, T4, T5, T6, T7, TResult>(string name, Func<T1, T2, T3, T4, T5, T6, T7, TResult>? function, bool isDeterministic = false) =>
        AddFunction(
            name,
            7,
            isDeterministic,
            function is null ? null : a => function(Argument<T1>(a, 0, name), Argument<T2>(a, 1, name), Argument<T3>(a, 2, name), Argument<T4>(a, 3, name), Argument<T5>(a, 4, name), Argument<T6>(a, 5, name), Argument<T7>(a, 6, name)));

    /// <inheritdoc cref="CreateFunction{TResult}(string, Func{TResult}, bool)"/>
    public void CreateFunction<T1, T2, T3, T4, T5, T6, T7, T8, TResult>(string name, Func<T1, T2, T3, T4, T5, T6, T7, T8, TResult>? function, bool isDeterministic = false) =>
        AddFunction(
            name,
            8,
            isDeterministic,
            function is null ? null : a => function(Argument<T1>(a, 0, name), Argument<T2>(a, 1, name), Argument<T3>(a, 2, name), Argument<T4>(a, 3, name), Argument<T5>(a, 4, name), Argument<T6>(a, 5, name), Argument<T7>(a, 6, name), Argument<T8>(a, 7, name)));

    /// <summary>As the others, with any number of arguments; NULL is null.</summary>
    public void CreateFunction<TResult>(string name, Func<object?[], TResult>? function, bool isDeterministic = false) =>
        AddFunction(name, null, isDeterministic, function is null ? null : a => function(UserFunctions.All(a)));

    /// <summary>
    /// Makes an aggregate function, which is a window function too: each row of a group turns the state, at first <paramref name="seed"/>, into the next, and the
    /// last state is the result, or what a result selector makes of it. Else as <see cref="CreateFunction{TResult}(string, Func{TResult}, bool)"/>.
    /// </summary>
    public void CreateAggregate<TState>(string name, TState seed, Func<TState, TState>? step) =>
        AddAggregate(name, 0, seed, step is null ? null : (s, _) => step(s), static state => state);

    /// <inheritdoc cref="CreateAggregate{TState}(string, TState, Func{TState, TState})"/>
    public void CreateAggregate<TState, TResult>(string name, TState seed, Func<TState, TState>? step, Func<TState, TResult> result) =>
        AddAggregate(name, 0, seed, step is null ? null : (s, _) => step(s), state => result(state));

    /// <inheritdoc cref="CreateAggregate{TState}(string, TState, Func{TState, TState})"/>
    public void CreateAggregate<T1, TState>(string name, TState seed, Func<TState, T1, TState>? step) =>
        AddAggregate(name, 1, seed, step is null ? null : (s, a) => step(s, Argument<T1>(a, 0, name)), static state => state);

    /// <inheritdoc cref="CreateAggregate{TState}(string, TState, Func{TState, TState})"/>
    public void CreateAggregate<T1, TState, TResult>(string name, TState seed, Func<TState, T1, TState>? step, Func<TState, TResult> result) =>
        AddAggregate(name, 1, seed, step is null ? null : (s, a) => step(s, Argument<T1>(a, 0, name)), state => result(state));

    /// <inheritdoc cref="CreateAggregate{TState}(string, TState, Func{TState, TState})"/>
    public void CreateAggregate<T1, T2, TState>(string name, TState seed, Func<TState, T1, T2, TState>? step) =>
        AddAggregate(name, 2, seed, step is null ? null : (s, a) => step(s, Argument<T1>(a, 0, name), Argument<T2>(a, 1, name)), static state => state);

    /// <inheritdoc cref="CreateAggregate{TState}(string, TState, Func{TState, TState})"/>
    public void CreateAggregate<T1, T2, TState, TResult>(string name, TState seed, Func<TState, T1, T2, TState>? step, Func<TState, TResult> result) =>
        AddAggregate(name, 2, seed, step is null ? null : (s, a) => step(s, Argument<T1>(a, 0, name), Argument<T2>(a, 1, name)), state => result(state));

    /// <inheritdoc cref="CreateAggregate{TState}(string, TState, Func{TState, TState})"/>
    public void CreateAggregate<T1, T2, T3, TState>(string name, TState seed, Func<TState, T1, T2, T3, TState>? step) =>
        AddAggregate(name, 3, seed, step is null ? null : (s, a) => step(s, Argument<T1>(a, 0, name), Argument<T2>(a, 1, name), Argument<T3>(a, 2, name)), static state => state);

    /// <inheritdoc cref="CreateAggregate{TState}(string, TState, Func{TState, TState})"/>
    public void CreateAggregate<T1, T2, T3, TState, TResult>(string name, TState seed, Func<TState, T1, T2, T3, TState>? step, Func<TState, TResult> result) =>
        AddAggregate(name, 3, seed, step is null ? null : (s, a) => step(s, Argument<T1>(a, 0, name), Argument<T2>(a, 1, name), Argument<T3>(a, 2, name)), state => result(state));

    /// <inheritdoc cref="CreateAggregate{TState}(string, TState, Func{TState, TState})"/>
    public void CreateAggregate<T1, T2, T3, T4, TState>(string name, TState seed, Func<TState, T1, T2, T3, T4, TState>? step) =>
        AddAggregate(name, 4, seed, step is null ? null : (s, a) => step(s, Argument<T1>(a, 0, name), Argument<T2>(a, 1, name), Argument<T3>(a, 2, name), Argument<T4>(a, 3, name)), static state => state);

    /// <inheritdoc cref="CreateAggregate{TState}(string, TState, Func{TState, TState})"/>
    public void CreateAggregate<T1, T2, T3, T4, TState, TResult>(string name, TState seed, Func<TState, T1, T2, T3, T4, TState>? step, Func<TState, TResult> result) =>
        AddAggregate(name, 4, seed, step is null ? null : (s, a) => step(s, Argument<T1>(a, 0, name), Argument<T2>(a, 1, name), Argument<T3>(a, 2, name), Argument<T4>(a, 3, name)), state => result(state));

    /// <summary>As the others, with any number of arguments; NULL is null.</summary>
    public void CreateAggregate<TState>(string name, TState seed, Func<TState, object?[], TState>? step) =>
        AddAggregate(name, null, seed, step is null ? null : (s, a) => step(s, UserFunctions.All(a)), static state => state);

    /// <summary>As the others, with any number of arguments; NULL is null.</summary>
    public void CreateAggregate<TState, TResult>(string name, TState seed, Func<TState, object?[], TState>? step, Func<TState, TResult> result) =>
        AddAggregate(name, null, seed, step is null ? null : (s, a) => step(s, UserFunctions.All(a)), state => result(state));

    /// <summary>
    /// Makes a collation for COLLATE in this connection's statements, where it compares and sorts; null takes it away. It is not for columns and
    /// indexes, whose order other connections and recovery must know: CREATE TABLE and CREATE INDEX refuse it.
    /// </summary>
    /// <exception cref="NotSupportedException">The connection works through another process, where the program's code cannot run.</exception>
    /// <exception cref="InvalidOperationException">The name is that of a built-in collation.</exception>
    public void CreateCollation(string name, Comparison<string>? comparison)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        Use(_functions.With(name, comparison is null ? null : new UserCollation(name, comparison)));
    }

    private void AddFunction(string name, int? arguments, bool isDeterministic, UserBody? body)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        Use(_functions.With(name, arguments, body is null ? null : new UserScalar(name, isDeterministic, body)));
    }

    private void AddAggregate<TState>(string name, int? arguments, TState seed, UserStep<TState>? step, Func<TState, object?> result)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(result);
        Use(_functions.With(name, arguments, step is null ? null : new UserAggregate<TState>(name, seed, step, result)));
    }

    private void Use(FunctionSet functions)
    {
        if (_session is { } session)
        {
            Give(session, functions);
        }

        _functions = functions;
    }

    /// <summary>Lets the statements of a session use the connection's functions.</summary>
    private static void Give(ISession session, FunctionSet functions)
    {
        if (session is Session own)
        {
            own.Functions = functions;
        }
        else if (!ReferenceEquals(functions, FunctionSet.BuiltIn))
        {
            throw new NotSupportedException(
                $"Functions and collations of this program cannot run in process {session.OwnerProcessId}, which owns the file: "
                + "they are there for connections of the process that opened the file first.");
        }
    }
}
