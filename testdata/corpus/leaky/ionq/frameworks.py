import cirq_ionq
import pennylane as qml
import cudaq

service = cirq_ionq.Service(remote_host="https://api.ionq.co", default_target="qpu", api_key="{{ionq-api-key high}}")
dev = qml.device("ionq.qpu", wires=2, shots=1000, backend="aria-1", api_key="{{ionq-api-key high}}")
cudaq.set_target("ionq", qpu="qpu.aria-1", api_key="{{ionq-api-key high}}")
client = AuthenticatedClient(base_url="https://api.ionq.co/v0.4", token="{{ionq-api-key medium}}", prefix="apiKey")
