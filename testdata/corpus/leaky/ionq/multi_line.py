import qiskit_ionq

provider = qiskit_ionq.IonQProvider(
    url="https://api.ionq.co/v0.4",
    token=(
        "{{ionq-api-key medium}}"
    ),
)
other = qiskit_ionq.IonQProvider(
    # token of the lab
    token='{{ionq-api-key medium}}',
)
