using System.Security.Cryptography;
using Sluice.Gateway.Cli;
using Sluice.Gateway.Configuration;
using Sluice.Gateway.Mqtt.Security;
using Sluice.Gateway.Tests.Mqtt;

namespace Sluice.Gateway.Tests.Configuration;

public sealed class ConfiguredFilesTests : IDisposable
{
    private readonly TestCertificates _certificates = new();

    public ConfiguredFilesTests()
    {
        File.WriteAllText(In("bad.users"), "# x\npump-1:secret\n");
        File.WriteAllText(In("text"), "no PEM\n");
        File.WriteAllText(In("short"), "12345678\n");
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        File.WriteAllText(In("private.pem"), key.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(In("public.pem"), key.ExportSubjectPublicKeyInfoPem());
        _certificates.IssueClient("gw");
    }

    [Theory]
    [InlineData("users: F/none", "2: mqtt.users: users file F/none: there is no such file; make it with 'sluice user add NAME --file FILE'")]
    [InlineData("users: F/bad.users", "2: mqtt.users: users file F/bad.users, line 2: is not NAME:$pbkdf2-sha512$...")]
    [InlineData("tls: { certificate: F/none, key: F/server.key }", "2: mqtt.tls.certificate: F/none: there is no such file")]
    [InlineData("tls: { certificate: F/text, key: F/server.key }", "2: mqtt.tls.certificate: F/text: holds no certificate (PEM)")]
    [InlineData("tls:\n    certificate: F/server.pem\n    key: F/none", "4: mqtt.tls.key: F/none: there is no such file")]
    [InlineData("tls:\n    certificate: F/server.pem\n    key: F/gw.key", "4: mqtt.tls.key: F/gw.key: is not the private key (PEM, without a password) of F/server.pem: ")]
    [InlineData("tls: { certificate: F/server.pem, key: F/server.key, client_ca: F/text }", "2: mqtt.tls.client_ca: F/text: holds no certificate (PEM)")]
    [InlineData("jwt:\n    keys:\n    - F/public.pem\n    - F/private.pem", "5: mqtt.jwt.keys: F/private.pem: holds a PRIVATE KEY; only public keys and certificates belong here")]
    [InlineData("jwt: { keys: F/none }", "2: mqtt.jwt.keys: F/none: there is no such file")]
    [InlineData("jwt: { secret: F/short }", "2: mqtt.jwt.secret: F/short: is a secret of 8 bytes; it needs 32")]
    [InlineData("subscribe: [ { name: p, servers: \"mqtts://h\", topics: a, ca: F/none } ]", "2: mqtt.subscribe[0].ca: F/none: there is no such file")]
    [InlineData("subscribe: [ { name: p, servers: \"mqtts://h\", topics: a, certificate: F/none, key: F/gw.key } ]", "2: mqtt.subscribe[0].certificate: F/none: there is no such file")]
    [InlineData("subscribe: [ { name: p, servers: \"mqtts://h\", topics: a, certificate: F/gw.pem, key: F/server.key } ]", "2: mqtt.subscribe[0].key: F/server.key: is not the private key")]
    public async Task What_is_wrong_with_a_file_is_told_by_check_and_at_the_start(string keys, string expected)
    {
        string file = Write($"mqtt:\n  {keys}\n");
        foreach (string command in (string[])["check", "run"])
        {
            (int code, string output, string error) = await RunAsync(command, "--config", file);
            Assert.Equal((2, ""), (code, output));
            Assert.StartsWith($"sluice: {file}:{expected.Replace("F/", $"{_certificates.Folder}/", StringComparison.Ordinal)}", error, StringComparison.Ordinal);
            Assert.Single(error.TrimEnd('\n').Split('\n'));
        }
    }

    [Fact]
    public async Task Files_that_are_right_are_taken()
    {
        UserFile users = UserFile.Empty();
        users.Set("pump-1", PasswordHash.Create("secret"));
        users.Write(In("users"));
        (int code, string output, string error) = await RunAsync("check", "--config", Write("""
            mqtt:
              listen: [ "tls://*:8883" ]
              users: F/users
              tls: { certificate: F/server.pem, key: F/server.key, client_ca: F/ca.pem }
              jwt: { keys: F/public.pem }
              subscribe: { name: p, servers: "mqtts://h", topics: a, ca: F/ca.pem, certificate: F/gw.pem, key: F/gw.key }
            """));
        Assert.Equal((0, ""), (code, error));
        Assert.Contains(": ok\n", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Files_and_keys_are_told_of_at_once_and_each_mistake_once()
    {
        string file = Write("mqtt:\n  users: F/none\n  jwt: { keys: [ F/short, { a: b } ] }\n  subscribe: [ 5 ]\nsync: [ { name: a, mqtt: { servers: \"mqtts://h\", ca: F/text } } ]\n");
        ConfigurationException e = Assert.Throws<ConfigurationException>(() => ConfigurationLoader.Load(file, [], opensFiles: true));
        Assert.Equal(e.Errors.Distinct(), e.Errors);
        string[] keys = ["mqtt.users: ", "mqtt.jwt.keys: must be a list of texts", "mqtt.jwt.keys: /", "mqtt.subscribe[0]: must be a section", "sync[0].mqtt.ca: "];
        Assert.All(keys, key => Assert.Single(e.Errors, error => error.Contains($": {key}", StringComparison.Ordinal)));
    }

    public void Dispose() => _certificates.Dispose();

    private string In(string name) => Path.Combine(_certificates.Folder, name);

    /// <summary>Writes a configuration in which F is the folder of the files.</summary>
    private string Write(string yaml)
    {
        string file = In("sluice.yaml");
        File.WriteAllText(file, yaml.Replace("F/", $"{_certificates.Folder}/", StringComparison.Ordinal));
        return file;
    }

    private static async Task<(int Code, string Output, string Error)> RunAsync(params string[] args)
    {
        StringWriter output = new() { NewLine = "\n" };
        StringWriter error = new() { NewLine = "\n" };
        int code = await CommandLine.InvokeAsync(args, output, error).WaitAsync(TimeSpan.FromSeconds(60));
        return (code, output.ToString(), error.ToString());
    }
}
