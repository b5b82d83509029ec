from qbraid.runtime import QbraidProvider, QbraidSession

provider = QbraidProvider(api_key="{{qbraid-api-key high}}")
session = QbraidSession(api_key='{{qbraid-legacy-key high}}')
client = QuantumRuntimeClient(
    api_key="{{qbraid-api-key high}}",
)
cudaq.set_target("qbraid", machine="qir-simulator", api_key="{{qbraid-api-key high}}")
