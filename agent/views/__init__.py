"""What is shown of the service: state, daily bill, plan picture, MQTT states and the schemas of the API."""
